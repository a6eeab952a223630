//! The load and what became of it.

use super::words;

words! {
    /// The load and what became of it.
    Traffic {
        title: "Traffic", "Traffico";
        to: "To", "A";
        to_pod: "a pod IP", "IP di un pod";
        to_ip: "virtual IP", "IP virtuale";
        to_dns: "DNS name", "nome DNS";
        service: "Service", "Service";
        rate: "Requests a second", "Richieste al secondo";
        connections: "Connections", "Connessioni";
        new: "new each", "sempre nuova";
        new_long: "A new connection for each request: chance chooses anew each time", "Una nuova connessione per ogni richiesta: il caso sceglie ogni volta";
        keep: "keep-alive", "keep-alive";
        keep_long: "A few connections kept open: each stays with its pod", "Poche connessioni tenute aperte: ciascuna resta con il suo pod";
        send: "Send", "Invia";
        change: "Change", "Cambia";
        stop: "Stop", "Ferma";
        nothing_to_call: "Nothing to call yet: pods or a Service come first.", "Non c’è ancora nulla da chiamare: prima servono dei pod o un Service.";
        none: "No requests yet. Choose where to, and send.", "Ancora nessuna richiesta. Scegli dove, e invia.";
        running: "to {host}:{port}", "a {host}:{port}";
        ended: "ended: to {host}:{port}", "finito: a {host}:{port}";
        answered: "answered", "risposte";
        failed: "failed", "fallite";
        p50: "p50", "p50";
        p99: "p99", "p99";
        refused: "refused", "rifiutate";
        timeout: "timed out", "senza risposta";
        reset: "reset", "interrotte";
        no_route: "no route", "senza strada";
        dns: "name unknown", "nome sconosciuto";
        bad_answer: "odd answer", "risposta estranea";
        too_few: "Too few answers yet to compare with chance.", "Ancora troppo poche risposte per un confronto con il caso.";
        chance: "As even as chance allows (p = {p}).", "Tanto uniforme quanto il caso consente (p = {p}).";
        too_uneven: "More uneven than chance makes it (p = {p}): something else chooses.", "Meno uniforme di quanto farebbe il caso (p = {p}): sceglie qualcos’altro.";
        too_even: "Too even for chance (p = {p}): this looks like taking turns.", "Troppo uniforme per il caso (p = {p}): sembrano turni.";
        keep_alive_why: "Kept-alive connections: each was given to a pod once, so shares say nothing about chance.", "Connessioni tenute aperte: ciascuna è stata assegnata una volta a un pod, quindi le quote non dicono nulla sul caso.";
        pod_ip_why: "Straight to one pod: no Service has a say, so if this pod dies nobody takes over.", "Dritto a un solo pod: nessun Service c’entra, quindi se questo pod muore nessuno subentra.";
        refused_why: "Refused: something answers at once that nobody takes the connection here. No ready endpoint, or no program listening on that port.", "Rifiutate: qualcosa risponde subito che qui nessuno accetta la connessione. Nessun endpoint pronto, o nessun programma in ascolto su quella porta.";
        timeout_why: "No answer: whoever had this address is gone, or the packets are dropped.", "Nessuna risposta: chi aveva questo indirizzo non c’è più, oppure i pacchetti si perdono.";
        no_route_why: "No route: no pod has this IP any more.", "Nessuna strada: nessun pod ha più questo IP.";
        dns_why: "The name does not resolve: is there a Service of this name in this namespace?", "Il nome non si risolve: c’è un Service con questo nome in questo namespace?";
        reset_why: "Broken off: a pod closed connections that were in use.", "Interrotte: un pod ha chiuso connessioni in uso.";
        bad_answer_why: "Something answers at this address, but not one of the lab’s pods.", "A questo indirizzo risponde qualcosa, ma non un pod del laboratorio.";
    }
}
