//! How many pods each `ReplicaSet` of a Deployment gets: arithmetic only.
//!
//! Source: <https://kubernetes.io/docs/concepts/workloads/controllers/deployment/#rolling-update-deployment>, and for
//! the details `k8s.io/kubernetes/pkg/controller/deployment`.

use serde_json::Value;

/// One `ReplicaSet`, as far as the arithmetic goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Size {
    /// `spec.replicas`.
    pub(super) wanted: i64,
    /// `status.availableReplicas`.
    pub(super) available: i64,
    /// The most pods the Deployment could have when this was last sized; 0 when it never was.
    pub(super) most: i64,
}

/// How far a rolling update may leave the number asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    /// `spec.replicas` of the Deployment.
    pub(super) wanted: i64,
    /// How many more there may be.
    pub(super) surge: i64,
    /// How many fewer may be available.
    pub(super) unavailable: i64,
}

impl Bounds {
    /// Of a Deployment. Percentages are of `spec.replicas`: a surge is rounded up, an unavailability down.
    pub(super) fn of(deployment: &Value) -> Self {
        let wanted = deployment["spec"]["replicas"].as_i64().unwrap_or(1);
        let strategy = &deployment["spec"]["strategy"];
        if strategy["type"] == "Recreate" {
            return Self { wanted, surge: 0, unavailable: 0 };
        }
        let rolling = &strategy["rollingUpdate"];
        let part = |field: &str, up: bool| match &rolling[field] {
            Value::Number(number) => number.as_i64().unwrap_or_default(),
            Value::String(percent) => share(percent, wanted, up),
            _ => share("25%", wanted, up),
        };
        let (surge, unavailable) = (part("maxSurge", true), part("maxUnavailable", false).min(wanted));
        // With neither nothing could ever move.
        let unavailable = if surge == 0 && unavailable == 0 { wanted.min(1) } else { unavailable };
        Self { wanted, surge, unavailable }
    }

    /// The most pods there may be.
    pub(super) fn most(self) -> i64 {
        if self.wanted == 0 { 0 } else { self.wanted + self.surge }
    }

    fn least_available(self) -> i64 {
        self.wanted - self.unavailable
    }
}

fn share(percent: &str, of: i64, up: bool) -> i64 {
    let percent: i64 = percent.trim_end_matches('%').parse().unwrap_or_default();
    if up { (percent * of + 99) / 100 } else { percent * of / 100 }
}

/// The new set's size in a rolling update.
pub(super) fn grow_new(bounds: Bounds, new: Size, old: &[Size]) -> i64 {
    if new.wanted >= bounds.wanted {
        return bounds.wanted;
    }
    let all = new.wanted + old.iter().map(|size| size.wanted).sum::<i64>();
    let room = (bounds.wanted + bounds.surge - all).max(0);
    new.wanted + room.min(bounds.wanted - new.wanted)
}

/// The old sets' sizes in a rolling update, oldest first: pods that are not available go first, then as many others
/// as leaves enough of them.
pub(super) fn shrink_old(bounds: Bounds, new: Size, old: &[Size]) -> Vec<i64> {
    let mut sizes: Vec<i64> = old.iter().map(|size| size.wanted).collect();
    let all = new.wanted + sizes.iter().sum::<i64>();
    let mut room = all - bounds.least_available() - (new.wanted - new.available);
    if room <= 0 {
        return sizes;
    }
    for (size, set) in sizes.iter_mut().zip(old) {
        let unhealthy = (*size - set.available).clamp(0, room);
        *size -= unhealthy;
        room -= unhealthy;
    }
    let available = new.available + old.iter().map(|set| set.available).sum::<i64>();
    let mut spare = (available - bounds.least_available()).max(0);
    for size in &mut sizes {
        let gone = (*size).min(spare);
        *size -= gone;
        spare -= gone;
    }
    sizes
}

/// The sizes of sets that share a Deployment whose number was changed in the middle of an update: each keeps its
/// part. `sets` come with those that take the rest first.
pub(super) fn share_out(bounds: Bounds, sets: &[Size]) -> Vec<i64> {
    let all: i64 = sets.iter().map(|set| set.wanted).sum();
    let to_add = bounds.most() - all;
    let mut added = 0;
    let mut sizes: Vec<i64> = sets.iter().map(|set| set.wanted).collect();
    for (size, set) in sizes.iter_mut().zip(sets) {
        if to_add == 0 {
            break;
        }
        let base = if set.most > 0 { set.most } else { all.max(1) };
        // Rounded to the nearest, half away from zero.
        let ideal = (set.wanted * bounds.most() * 2 + base) / (base * 2);
        let left = to_add - added;
        let change = if bounds.wanted == 0 { -set.wanted } else { ideal - set.wanted };
        let change = if to_add > 0 { change.clamp(0, left.max(0)) } else { change.clamp(left.min(0), 0) };
        *size += change;
        added += change;
    }
    if let Some(first) = sizes.first_mut() {
        *first = (*first + to_add - added).max(0);
    }
    sizes
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn size(wanted: i64, available: i64) -> Size {
        Size { wanted, available, most: 0 }
    }

    #[test]
    fn bounds_are_numbers_or_percentages() {
        for (replicas, surge, unavailable, expected) in [
            (3, json!("25%"), json!("25%"), (1, 0)),
            (10, json!("25%"), json!("25%"), (3, 2)),
            (4, json!(2), json!(0), (2, 0)),
            (4, json!(0), json!(9), (0, 4)),
            (3, json!(0), json!("25%"), (0, 1)),
            (3, json!(null), json!(null), (1, 0)),
        ] {
            let strategy = json!({"rollingUpdate": {"maxSurge": surge, "maxUnavailable": unavailable}});
            let bounds = Bounds::of(&json!({"spec": {"replicas": replicas, "strategy": strategy}}));
            assert_eq!((bounds.surge, bounds.unavailable), expected, "{replicas} {strategy}");
        }
    }

    #[test]
    fn a_rolling_update_moves_within_its_bounds() {
        let bounds = Bounds { wanted: 3, surge: 1, unavailable: 0 };
        // (new, old) as they are; (new, old) as they become.
        for (new, old, grown, shrunk) in [
            (size(0, 0), size(3, 3), 1, 3),
            (size(1, 0), size(3, 3), 1, 3),
            (size(1, 1), size(3, 3), 1, 2),
            (size(1, 1), size(2, 2), 2, 2),
            (size(2, 1), size(3, 0), 2, 2),
            (size(3, 3), size(1, 1), 3, 0),
            (size(5, 5), size(0, 0), 3, 0),
        ] {
            assert_eq!(grow_new(bounds, new, &[old]), grown, "grow {new:?} {old:?}");
            assert_eq!(shrink_old(bounds, new, &[old]), [shrunk], "shrink {new:?} {old:?}");
        }
    }

    #[test]
    fn a_rolling_update_ends_and_never_leaves_its_bounds() {
        for (wanted, surge, unavailable) in [(1, 1, 0), (3, 1, 0), (3, 0, 1), (10, 3, 2), (10, 10, 10)] {
            let bounds = Bounds { wanted, surge, unavailable };
            let (mut new, mut old) = (size(0, 0), size(wanted, wanted));
            let mut steps = 0;
            while new.available < wanted || old.wanted > 0 {
                new.wanted = grow_new(bounds, new, &[old]);
                old.wanted = shrink_old(bounds, new, &[old])[0];
                old.available = old.available.min(old.wanted);
                assert!(new.wanted + old.wanted <= wanted + surge, "{bounds:?}");
                assert!(new.available + old.available >= wanted - unavailable, "{bounds:?}");
                new.available = new.wanted;
                steps += 1;
                assert!(steps < 50, "{bounds:?} does not end");
            }
        }
    }

    #[test]
    fn a_change_of_the_number_is_shared_out() {
        let sized = |wanted, most| Size { wanted, available: wanted, most };
        // As in the Deployment page: 10 in the middle of an update, 8 and 5, are asked to be 15.
        let bounds = Bounds { wanted: 15, surge: 3, unavailable: 2 };
        assert_eq!(share_out(bounds, &[sized(8, 13), sized(5, 13)]), [11, 7]);
        let none = Bounds { wanted: 0, surge: 1, unavailable: 0 };
        assert_eq!(share_out(none, &[sized(2, 4), sized(1, 4)]), [0, 0]);
        let fewer = Bounds { wanted: 5, surge: 2, unavailable: 1 };
        assert_eq!(share_out(fewer, &[sized(8, 13), sized(5, 13)]).iter().sum::<i64>(), 7);
    }
}
