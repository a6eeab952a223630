//! Header, messages, start-up, errors, list of labs.

use super::words;

words! {
    /// Header, messages, start-up, errors, list of labs.
    Chrome {
        skip: "Skip to the picture", "Vai alla figura";
        home: "All labs", "Tutti i laboratori";
        language: "Language", "Lingua";
        scheme: "Light or dark", "Chiaro o scuro";
        present: "Present", "Proietta";
        present_long: "Presentation mode (key p)", "Modalità proiezione (tasto p)";
        present_leave: "Leave presentation mode (key p)", "Esci dalla proiezione (tasto p)";
        start_over: "Start over", "Ricomincia";
        start_over_ask: "Start this lab over?", "Ricominciare il laboratorio?";
        start_over_what: "Everything in your namespace is deleted: pods, Deployments, Services, notes. The steps begin again at 1. It takes a few seconds.", "Tutto ciò che c’è nel tuo namespace viene eliminato: pod, Deployment, Service, appunti. I passi ricominciano dal primo. Bastano pochi secondi.";
        start_over_yes: "Delete everything and start over", "Elimina tutto e ricomincia";
        cancel: "Cancel", "Annulla";
        close: "Close", "Chiudi";
        copy: "copy", "copia";
        copied: "Copied", "Copiato";
        copy_failed: "The browser would not copy: select the text and copy it yourself", "Il browser non ha copiato: seleziona il testo e copialo tu";
        source_kind: "real kind cluster", "vero cluster kind";
        source_kubeconfig: "real cluster", "vero cluster";
        source_practice: "simulated cluster", "cluster simulato";
        live: "live", "dal vivo";
        stale: "stale since {at}", "fermo dalle {at}";
        stale_why: "The watch on the cluster is behind: what you see may be out of date. It reconnects by itself; nothing you did is lost.", "L’osservazione del cluster è in ritardo: ciò che vedi può non essere aggiornato. Si ricollega da sola; nulla di ciò che hai fatto va perso.";
        simulated_why: "Simulated: the cluster is inside this program. No kernel and no real network stand behind what you see.", "Simulato: il cluster è dentro questo programma. Dietro ciò che vedi non ci sono né un kernel né una rete vera.";
        simulated_object: "Simulated: an object of a practice cluster, not of a real one.", "Simulato: un oggetto di un cluster di esercitazione, non di uno vero.";
        reconnecting: "The live view is interrupted; reconnecting…", "La vista dal vivo è interrotta; si ricollega…";
        bye: "The server stopped. This page reconnects by itself when it is back.", "Il server si è fermato. La pagina si ricollega da sola quando torna.";
        back: "Live again", "Di nuovo dal vivo";
        no_script: "Without JavaScript this page shows the state at the moment it was loaded.", "Senza JavaScript questa pagina mostra lo stato di quando è stata caricata.";
        reload: "Load it again", "Ricaricala";
        unreachable: "The server did not answer. Nothing was changed, as far as this page knows; try again.", "Il server non ha risposto. Per quanto ne sa questa pagina, nulla è cambiato; riprova.";
        cure: "What to do", "Che cosa fare";
        labs_lead: "Learn the Kubernetes ClusterIP Service by building one on a real cluster and watching it work.", "Impara il Service ClusterIP di Kubernetes costruendone uno su un cluster vero e guardandolo lavorare.";
        faults: "{folder} cannot be read", "{folder} non si può leggere";
        faults_lead: "Correct it and save: this page looks again by itself.", "Correggi e salva: questa pagina riguarda da sola.";
        labs: "Labs", "Laboratori";
        labs_none: "There are no labs here yet. Start the server from a folder that has labs, or update it.", "Qui non c’è ancora nessun laboratorio. Avvia il server da una cartella che ne contiene, oppure aggiornalo.";
        minutes: "{n} minutes", "{n} minuti";
        steps_done: "{done} of {all} steps", "{done} passi su {all}";
        lab_start: "Start", "Inizia";
        lab_continue: "Continue", "Continua";
        lab_look: "Look at it again", "Riguardalo";
        lab_finished: "done", "fatto";
        starting: "Starting", "Avvio";
        starting_lead: "The lab is getting its cluster ready. The first time takes some minutes; this page moves on by itself.", "Il laboratorio sta preparando il suo cluster. La prima volta servono alcuni minuti; questa pagina prosegue da sola.";
        starting_failed: "The lab could not start", "Il laboratorio non è partito";
        starting_failed_lead: "The stage marked below did not work. Do what it says, then try again.", "La fase segnata qui sotto non è riuscita. Fai quello che dice, poi riprova.";
        try_again: "Try again", "Riprova";
        trouble_preparing: "Your namespace could not be prepared; it is being tried again. {why}", "Il tuo namespace non è ancora pronto; si sta riprovando. {why}";
        trouble_traffic: "The way to the client pod broke; the traffic starts again by itself. {why}", "Il collegamento con il pod client si è interrotto; il traffico riparte da solo. {why}";
        stage_waiting: "waiting", "in attesa";
        stage_running: "in progress", "in corso";
        stage_done: "done", "fatto";
        stage_skipped: "not needed", "non serve";
        stage_failed: "failed", "non riuscita";
        error_back: "Back to the labs", "Torna ai laboratori";
        error_code: "code", "codice";
    }
}
