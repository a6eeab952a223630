//! The picture.

use super::words;

words! {
    /// The picture.
    Picture {
        title: "The Service, its clients and its pods", "Il Service, i suoi client e i suoi pod";
        describe_client: "A client pod at {ip}.", "Un pod client all’indirizzo {ip}.";
        describe_no_client: "No client pod yet.", "Ancora nessun pod client.";
        describe_service: "Service {name} at {ip}, {ports}, selector {selector}, {ready} of {endpoints} endpoints ready.", "Service {name} all’indirizzo {ip}, {ports}, selector {selector}, {ready} endpoint pronti su {endpoints}.";
        describe_pod: "Pod {name} at {ip}: {state}.", "Pod {name} all’indirizzo {ip}: {state}.";
        simulated: "simulated", "simulato";
        simulated_long: "Simulated: no kernel and no real network stand behind this picture.", "Simulato: dietro questa figura non ci sono né un kernel né una rete vera.";
        tier_client: "client", "client";
        tier_service: "Service", "Service";
        tier_pods: "pods", "pod";
        no_ip: "no IP yet", "senza IP";
        idle: "idle", "a riposo";
        per_second: "{n} requests/s", "{n} richieste/s";
        client_none: "The client pod starts…", "Il pod client si avvia…";
        service: "Service", "Service";
        headless: "headless: no virtual IP", "headless: senza IP virtuale";
        external: "no virtual IP", "senza IP virtuale";
        port: "port", "port";
        target_port: "targetPort", "targetPort";
        selector: "selector", "selector";
        selector_none: "none: selects nothing", "nessuno: non sceglie nulla";
        body_none: "a rule on every node", "una regola su ogni nodo";
        rule_balances: "rule on every node → {n} pods", "regola su ogni nodo → {n} pod";
        rule_balances_one: "rule on every node → 1 pod", "regola su ogni nodo → 1 pod";
        rule_rejects: "rule: refuse, no endpoint", "regola: rifiuta, 0 endpoint";
        rule_absent: "no rule in the kernel", "nessuna regola nel kernel";
        ghost_service: "deleted", "eliminato";
        ghost_service_rule: "nobody has this address", "nessuno ha questo indirizzo";
        services_none: "No Service yet", "Ancora nessun Service";
        services_none_next: "The client can only call pods by their own IPs.", "Il client può chiamare i pod solo con i loro IP.";
        pods_none: "No pods yet", "Ancora nessun pod";
        pods_none_next: "Apply a Deployment: its pods appear here.", "Applica un Deployment: i suoi pod compaiono qui.";
        pending: "Pending", "Pending";
        waiting: "Waiting", "In attesa";
        not_ready: "Not ready", "Non pronto";
        ready: "Ready", "Ready";
        terminating: "Terminating", "Terminating";
        succeeded: "Completed", "Completato";
        failed: "Failed", "Fallito";
        gone: "gone", "non c’è più";
        noted: "noted", "annotato";
        truth_labels: "labels", "label";
        truth_endpoint: "endpoint", "endpoint";
        truth_rule: "rule", "regola";
        labels_match: "Its labels match a Service’s selector", "Le sue label corrispondono al selector di un Service";
        labels_match_not: "No Service’s selector matches its labels", "Nessun selector di un Service corrisponde alle sue label";
        endpoint_ready: "In the EndpointSlice, ready: it takes new connections", "Nell’EndpointSlice, ready: riceve nuove connessioni";
        endpoint_draining: "In the EndpointSlice, terminating but serving: it finishes what it has", "Nell’EndpointSlice, terminating ma serving: finisce ciò che ha";
        endpoint_not_ready: "In the EndpointSlice, not ready: nothing new comes", "Nell’EndpointSlice, non ready: non arriva nulla di nuovo";
        endpoint_not: "In no EndpointSlice: no Service sends anything here", "In nessun EndpointSlice: nessun Service manda nulla qui";
        rule_share: "The kernel’s rule gives it {share} of new connections", "La regola del kernel gli dà il {share} delle nuove connessioni";
        rule_share_not: "No kernel rule leads here", "Nessuna regola del kernel porta qui";
        rule_unknown: "The kernel’s rules cannot be read here", "Qui non si possono leggere le regole del kernel";
        bar: "{count} answers, {share} of all", "{count} risposte, {share} del totale";
        bar_band: "{count} answers, {share} of all; chance allows {low} to {high}", "{count} risposte, {share} del totale; il caso consente da {low} a {high}";
        open_sheet: "{what}: open its sheet", "{what}: apri la scheda";
    }
}
