//! The console.

use super::words;

words! {
    /// The console's words.
    ConsoleWords {
        tab: "Console", "Console";
        label: "Command", "Comando";
        run: "Run", "Esegui";
        stop: "Stop", "Ferma";
        clear: "Clear", "Svuota";
        log: "Commands and their output", "Comandi e loro output";
        welcome: "Type a command, or take one from the steps. Tab completes it, ↑ brings back what you typed.", "Scrivi un comando, o prendine uno dai passi. Tab lo completa, ↑ riporta quello che hai scritto.";
        examples: "For example", "Per esempio";
        hint: "Tab completes (Escape, then Tab, moves on) · ↑ ↓ what you typed · Ctrl+C stops · Ctrl+L clears", "Tab completa (Esc, poi Tab, va avanti) · ↑ ↓ quello che hai scritto · Ctrl+C ferma · Ctrl+L svuota";
        place_pod: "in pod {pod}", "nel pod {pod}";
        place_outside: "outside the cluster", "fuori dal cluster";
        place_page: "on this page", "in questa pagina";
        running: "running", "in corso";
        exit: "ended with code {code}", "finito con codice {code}";
        stopped: "stopped", "fermato";
        too_long: "stopped: it took too long", "fermato: ci metteva troppo";
        too_much: "stopped: it wrote too much", "fermato: scriveva troppo";
        broken: "it did not end by itself. {said}", "non è finito da sé. {said}";
        said_nothing: "(no output)", "(nessun output)";
        calls_one: "1 request to the API", "1 richiesta all'API";
        calls: "{n} requests to the API", "{n} richieste all'API";
        changed: "changed:", "ha cambiato:";
        version: "kubectl {version}", "kubectl {version}";
        no_kubectl: "There is no kubectl on the server: install it from kubernetes.io/docs/tasks/tools and start the server anew. curl, nslookup and ping work without it.", "Sul server non c'è kubectl: installalo da kubernetes.io/docs/tasks/tools e riavvia il server. curl, nslookup e ping funzionano anche senza.";
        own_terminal: "Your own terminal", "Il tuo terminale";
        own_terminal_lead: "The same access as this console has, for the kubectl on your own computer. What you type there shows here like everything else. It works for an hour, and until you start the lab over.", "Lo stesso accesso che ha questa console, per il kubectl del tuo computer. Quello che scrivi lì si vede qui come tutto il resto. Vale un'ora, e finché non ricominci il laboratorio.";
        download: "Download the kubeconfig", "Scarica il kubeconfig";
        to_console: "To the console", "Nella console";
        completions: "What may follow", "Che cosa può seguire";
        help: "kubectl        the real one, with your own rights in your namespace: get, describe, create, apply -f -, expose,\n               delete, scale, set, label, annotate, patch, rollout, logs, exec, run, wait, explain, events, …\ncurl           sends a request from the client pod\nnslookup       asks the cluster's DNS from the client pod\nping           sends ICMP echoes from the client pod\nclear          empties this console\nhistory        what you typed\n\n-f - reads the document in the YAML editor. This is a command line, not a shell: no pipes, no files, no variables.\n", "kubectl        quello vero, con i tuoi diritti nel tuo namespace: get, describe, create, apply -f -, expose,\n               delete, scale, set, label, annotate, patch, rollout, logs, exec, run, wait, explain, events, …\ncurl           manda una richiesta dal pod client\nnslookup       interroga il DNS del cluster dal pod client\nping           manda echo ICMP dal pod client\nclear          svuota questa console\nhistory        quello che hai scritto\n\n-f - legge il documento nell'editor YAML. È una riga di comando, non una shell: niente pipe, file, variabili.\n";
    }
}
