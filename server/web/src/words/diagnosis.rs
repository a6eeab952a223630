//! The diagnosis and the probes.

use super::words;

words! {
    /// The diagnosis and the probes.
    DiagnosisWords {
        tab: "Diagnosis", "Diagnosi";
        lead: "Follows one call from the client pod, station by station, and says where it breaks.", "Segue una chiamata dal pod client, stazione per stazione, e dice dove si interrompe.";
        host: "Service or address", "Service o indirizzo";
        port: "Port", "Porta";
        port_first: "first", "prima";
        start: "Diagnose", "Diagnostica";
        offer: "Why? Diagnose", "Perché? Diagnostica";
        of: "The way to {host}{port}", "La strada verso {host}{port}";
        none: "Nothing diagnosed yet.", "Ancora nessuna diagnosi.";
        why: "Why?", "Perché?";
        maybe: "Perhaps", "Forse";
        more: "Kubernetes on this", "Kubernetes su questo";
        no_cause: "It breaks here, and none of the usual misconceptions explains it: look at the evidence.", "Si interrompe qui, e nessuno degli equivoci soliti lo spiega: guarda le prove.";
        sound: "Nothing is broken on this way.", "Lungo questa strada non c’è nulla di rotto.";
        probes: "Asked lately", "Chiesto di recente";
        from_client: "in pod client", "nel pod client";
        from_outside: "outside the cluster", "fuori dal cluster";
        from_itself: "in the pod itself", "nel pod stesso";
        no_way: "no way in from outside: this cluster’s network is simulated", "da fuori non si entra: la rete di questo cluster è simulata";
    }
}
