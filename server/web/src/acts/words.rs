//! What is said after an act, in both languages.

use clusterip_domain::lab::Localized;

type Said = Localized<String>;

fn say(en: impl Into<String>, it: impl Into<String>) -> Said {
    Localized { en: en.into(), it: it.into() }
}

pub(super) fn applied(what: &[String]) -> Said {
    let what = what.join(", ");
    say(format!("Applied: {what}."), format!("Applicato: {what}."))
}

pub(super) fn noted(count: usize) -> Said {
    match count {
        1 => say("Noted 1 IP.", "Annotato 1 IP."),
        n => say(format!("Noted {n} IPs."), format!("Annotati {n} IP.")),
    }
}

pub(super) fn sending(rate: u32) -> Said {
    say(format!("Sending {rate} requests a second."), format!("Invio {rate} richieste al secondo."))
}

pub(super) fn stopped() -> Said {
    say("The traffic has stopped.", "Il traffico è fermo.")
}

pub(super) fn killed(pod: &str) -> Said {
    say(format!("Told {pod} to stop."), format!("Chiesto a {pod} di terminare."))
}

pub(super) fn scaled(deployment: &str, replicas: u8) -> Said {
    say(
        format!("{deployment} now asks for {replicas} replicas."),
        format!("{deployment} ora chiede {replicas} repliche."),
    )
}

pub(super) fn rolling(deployment: &str, image: &str) -> Said {
    say(
        format!("Deployment {deployment} is rolled to {image}."),
        format!("Il Deployment {deployment} si aggiorna a {image}."),
    )
}

pub(super) fn restarting(deployment: &str) -> Said {
    say(
        format!("Deployment {deployment} replaces its pods."),
        format!("Il Deployment {deployment} sostituisce i suoi pod."),
    )
}

pub(super) fn deleted(service: &str) -> Said {
    say(format!("Service {service} is deleted."), format!("Il Service {service} è eliminato."))
}

pub(super) fn reset() -> Said {
    say("The lab begins anew.", "Il laboratorio ricomincia da capo.")
}

pub(super) fn guessed() -> Said {
    say("Noted. Now see what happens.", "Annotato. Ora guarda che cosa succede.")
}

pub(super) fn skipped() -> Said {
    say("Now see what happens.", "Ora guarda che cosa succede.")
}

pub(super) fn hint(depth: u8) -> Said {
    match depth {
        1 => say("This is where to look.", "Ecco dove guardare."),
        2 => say("This is what is wrong.", "Ecco che cosa non va."),
        _ => say("This is what to do.", "Ecco che cosa fare."),
    }
}

pub(super) fn went_on() -> Said {
    say("It is so now.", "Adesso è così.")
}
