//! In which order steps open: `needs`, without unknown ids and without cycles.

use super::LAB;
use super::faults::Faults;
use super::raw::RawStep;

/// The places of the steps that each step needs.
pub(super) fn read(steps: &[RawStep], faults: &mut Faults) -> Vec<Vec<usize>> {
    let place = |id| steps.iter().position(|s| s.id.value == id);
    let mut needs = Vec::new();
    for (i, step) in steps.iter().enumerate() {
        let Some(named) = &step.needs else {
            needs.push(i.checked_sub(1).into_iter().collect());
            continue;
        };
        let mut found = Vec::new();
        for id in named {
            match place(id.value.clone()) {
                Some(at) => found.push(at),
                None => faults.at(LAB, id, format!("needs: there is no step {}", id.value)),
            }
        }
        needs.push(found);
    }
    if let Some(step) = never_opens(&needs).and_then(|at| steps.get(at)) {
        let why = format!("step {} can never open: it needs, in the end, itself", step.id.value);
        faults.at(LAB, &step.id, why);
    }
    needs
}

/// A step that waits for itself.
fn never_opens(needs: &[Vec<usize>]) -> Option<usize> {
    let mut opened = vec![false; needs.len()];
    loop {
        let next = (0..needs.len()).find(|&i| !opened[i] && needs[i].iter().all(|&n| opened[n]));
        match next {
            Some(i) => opened[i] = true,
            None => return opened.iter().position(|open| !open),
        }
    }
}
