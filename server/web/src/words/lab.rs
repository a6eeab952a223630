//! Steps and their buttons.

use super::words;

words! {
    /// Steps and their buttons.
    LabWords {
        steps: "Steps", "Passi";
        step_of: "Step {n} of {all}", "Passo {n} di {all}";
        done: "done", "fatto";
        current: "now", "adesso";
        ahead: "later", "più avanti";
        checks: "Done when", "Fatto quando";
        holds: "holds", "vero";
        holds_not: "not yet", "non ancora";
        predict_first: "First, what do you expect?", "Prima, che cosa ti aspetti?";
        predict_skip: "I would rather see", "Preferisco vedere";
        your_guess: "your guess", "la tua risposta";
        really: "what happened", "ciò che è successo";
        guess_right: "You expected just that.", "Te lo aspettavi.";
        guess_wrong: "You expected something else.", "Ti aspettavi altro.";
        guess_none: "This is what happened.", "Ecco che cosa è successo.";
        hint_first: "Where do I look?", "Dove guardo?";
        hint_second: "What is wrong?", "Che cosa non va?";
        hint_third: "What do I do?", "Che cosa faccio?";
        hint_apply: "Put {file} in the editor", "Metti {file} nell’editor";
        show_title: "Show me", "Fammi vedere";
        show_lead: "The lab does it for you, a move at a time. The step is then marked as helped.", "Il laboratorio lo fa per te, una mossa alla volta. Il passo resta segnato come aiutato.";
        show_next: "Play the next move", "Fai la prossima mossa";
        show_answer: "Answer the question", "Rispondi alla domanda";
        show_yaml: "Apply this YAML", "Applica questo YAML";
        helped: "helped", "aiutato";
        hidden: "There are {n} more checks that are not listed.", "Ci sono altri {n} controlli che non sono elencati.";
        hidden_one: "There is one more check that is not listed.", "C’è un altro controllo che non è elencato.";
        points: "{n} points", "{n} punti";
        points_one: "1 point", "1 punto";
        score: "{points} of {of} points", "{points} punti su {of}";
        read_on: "Read on", "Per continuare";
        next_lab: "Next: {title}", "Prossimo: {title}";
        waiting: "Your namespace is being prepared; a moment.", "Il tuo namespace è in preparazione; un momento.";
        ticks_itself: "It ticks by itself: the cluster is watched, not your buttons.", "Si spunta da solo: si osserva il cluster, non i tuoi pulsanti.";
        commands: "The same with kubectl", "Lo stesso con kubectl";
        do_edit: "Put in the editor", "Metti nell’editor";
        do_apply: "Apply {file}", "Applica {file}";
        do_note: "Note the pod IPs", "Annota gli IP dei pod";
        do_send_pod: "Send requests to a pod IP", "Manda richieste all’IP di un pod";
        do_send_ip: "Send requests to the virtual IP", "Manda richieste all’IP virtuale";
        do_send_dns: "Send requests to the DNS name", "Manda richieste al nome DNS";
        do_send_keep_alive: "Send requests, keep-alive", "Manda richieste, keep-alive";
        do_set_image: "Roll {deployment} to {image}", "Aggiorna {deployment} a {image}";
        do_restart: "Restart {deployment}, pod by pod", "Riavvia {deployment}, un pod alla volta";
        do_probe: "Try {tool} to {to} {from}", "Prova {tool} verso {to} {from}";
        from_client: "from the client pod", "dal pod client";
        from_outside: "from outside", "da fuori";
        from_itself: "from the pod itself", "dal pod stesso";
        to_pod: "a pod IP", "l’IP di un pod";
        to_ip: "the virtual IP", "l’IP virtuale";
        do_kill: "Kill a pod", "Elimina un pod";
        do_scale: "Scale {deployment} to {replicas}", "Porta {deployment} a {replicas} repliche";
        do_delete: "Delete the Service {name}", "Elimina il Service {name}";
        document: "{file} · {lines} lines", "{file} · {lines} righe";
        finished: "You did it all", "Hai fatto tutto";
        finished_lead: "Every step is done. The cluster is still yours: change the YAML, scale, kill pods, and see whether the picture does what you expect.", "Tutti i passi sono fatti. Il cluster è ancora tuo: cambia lo YAML, scala, elimina pod e guarda se la figura fa quello che ti aspetti.";
        finished_next: "To the other labs", "Agli altri laboratori";
        tools: "Deployments", "Deployment";
        ready_of: "{ready} of {wanted} ready", "{ready} su {wanted} pronti";
        fewer: "One replica fewer", "Una replica in meno";
        more: "One replica more", "Una replica in più";
        kill_any: "Kill the oldest pod", "Elimina il pod più vecchio";
    }
}
