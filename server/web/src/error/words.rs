//! What each code is called, and what to do about it, in both languages.

use clusterip_domain::lab::Localized;

type Words = Localized<&'static str>;

const fn say(en: &'static str, it: &'static str) -> Words {
    Localized { en, it }
}

/// The title of a line that the console does not run.
pub(super) const LINE_REFUSED: Words = say("This line is not run", "Questa riga non viene eseguita");

/// The title of a code and its cure, if there is one.
pub(super) fn of(code: &str) -> (Words, Option<Words>) {
    title_and_cure(code).map_or_else(
        || (say("Something went wrong", "Qualcosa è andato storto"), None),
        |(title, cure)| (title, Some(cure)),
    )
}

fn title_and_cure(code: &str) -> Option<(Words, Words)> {
    manifest(code)
        .or_else(|| console(code))
        .or_else(|| rule(code))
        .or_else(|| traffic(code))
        .or_else(|| request(code))
        .or_else(|| cluster(code))
}

fn manifest(code: &str) -> Option<(Words, Words)> {
    Some(match code {
        "yaml_invalid" => (
            say("This is not YAML", "Questo non è YAML"),
            say(
                "Look at the marked line: indentation, a missing colon, a tab.",
                "Guarda la riga segnata: rientri, due punti mancanti, un tab.",
            ),
        ),
        "manifest_empty" => (
            say("There is nothing to apply", "Non c'è nulla da applicare"),
            say(
                "Put the step's document in the editor, or write an object.",
                "Metti nell'editor il documento del passo, o scrivi un oggetto.",
            ),
        ),
        "manifest_too_large" => (
            say("The manifest is too large", "Il manifest è troppo grande"),
            say("Apply it in smaller parts.", "Applicalo in parti più piccole."),
        ),
        "kind_missing" => (
            say("An object without apiVersion or kind", "Un oggetto senza apiVersion o kind"),
            say(
                "Begin it with apiVersion and kind, for example v1 and Service.",
                "Comincia con apiVersion e kind, per esempio v1 e Service.",
            ),
        ),
        "name_missing" => (
            say("An object without a name", "Un oggetto senza nome"),
            say("Add metadata.name.", "Aggiungi metadata.name."),
        ),
        "name_invalid" => (
            say("This cannot be a name", "Questo non può essere un nome"),
            say("Change metadata.name on the marked line.", "Cambia metadata.name alla riga segnata."),
        ),
        "reserved" => (
            say("This is the lab's own", "Questo appartiene al laboratorio"),
            say("Use another name or label.", "Usa un altro nome o un'altra label."),
        ),
        "kind_not_allowed" => (
            say("This kind is not part of the lab", "Questo kind non fa parte del laboratorio"),
            say("Use one of the kinds that are named.", "Usa uno dei kind indicati."),
        ),
        _ => return None,
    })
}

fn console(code: &str) -> Option<(Words, Words)> {
    Some(match code {
        "console_busy" => (
            say("Several commands are still running", "Ci sono ancora diversi comandi in corso"),
            say(
                "Stop one of them first: Ctrl+C, or its button.",
                "Prima fermane uno: Ctrl+C, o il suo pulsante.",
            ),
        ),
        "no_credentials" => (
            say("There are no credentials for you now", "Al momento non ci sono credenziali per te"),
            say(
                "Wait a moment, then try again; the buttons of the steps work meanwhile.",
                "Aspetta un momento, poi riprova; intanto i pulsanti dei passi funzionano.",
            ),
        ),
        "not_guarded" => (
            say(
                "This cluster gives no credentials to students",
                "Questo cluster non dà credenziali agli studenti",
            ),
            say(
                "The server's log says which admission policy could not be made. The buttons of the steps work without.",
                "Il log del server dice quale admission policy non si è potuta creare. I pulsanti dei passi funzionano anche senza.",
            ),
        ),
        "no_kubectl" => (
            say("There is no kubectl on the server", "Sul server non c'è kubectl"),
            say(
                "Install it (https://kubernetes.io/docs/tasks/tools/) and start the server anew. curl, nslookup and ping work without it.",
                "Installalo (https://kubernetes.io/docs/tasks/tools/) e riavvia il server. curl, nslookup e ping funzionano anche senza.",
            ),
        ),
        "kubectl_failed" => (
            say("kubectl did not start", "kubectl non è partito"),
            say("The server's log says why.", "Il log del server dice perché."),
        ),
        _ => return None,
    })
}

fn rule(code: &str) -> Option<(Words, Words)> {
    Some(match code {
        "cluster_scoped_kind" => (
            say("This kind belongs to the whole cluster", "Questo kind riguarda tutto il cluster"),
            say(
                "Stay in your namespace: Deployment, Pod, Service.",
                "Resta nel tuo namespace: Deployment, Pod, Service.",
            ),
        ),
        "other_namespace" => (
            say("That namespace is not yours", "Quel namespace non è tuo"),
            say(
                "Remove metadata.namespace: the lab fills in your own.",
                "Togli metadata.namespace: il laboratorio mette il tuo.",
            ),
        ),
        "service_type_not_allowed" => (
            say("Only ClusterIP here", "Qui solo ClusterIP"),
            say("Leave type out, or write ClusterIP.", "Lascia fuori type, oppure scrivi ClusterIP."),
        ),
        "external_ips_not_allowed" => (
            say("externalIPs are not allowed", "externalIPs non è permesso"),
            say(
                "Remove externalIPs: the virtual IP is all you need.",
                "Togli externalIPs: l'IP virtuale basta.",
            ),
        ),
        "too_many_replicas" => {
            (say("Too many replicas", "Troppe repliche"), say("Ask for fewer.", "Chiedine di meno."))
        }
        _ => return None,
    })
}

fn traffic(code: &str) -> Option<(Words, Words)> {
    Some(match code {
        "preparing" => (
            say("The lab is still being prepared", "Il laboratorio è ancora in preparazione"),
            say("Wait a moment, then try again.", "Aspetta un momento, poi riprova."),
        ),
        "no_ready_pod" => (
            say("No pod is Ready", "Nessun pod è Ready"),
            say(
                "Deploy the backends, or wait until one is Ready.",
                "Distribuisci i backend, o attendi che uno sia Ready.",
            ),
        ),
        "no_service" => (
            say("There is no such Service", "Quel Service non esiste"),
            say(
                "Create it first: put the document in the editor and apply it.",
                "Prima crealo: metti il documento nell'editor e applicalo.",
            ),
        ),
        "no_virtual_ip" => (
            say("This Service has no virtual IP", "Questo Service non ha un IP virtuale"),
            say(
                "A headless Service has none: remove clusterIP: None and create it anew.",
                "Un Service headless non ne ha: togli clusterIP: None e ricrealo.",
            ),
        ),
        "no_port" => (
            say("This Service has no port", "Questo Service non ha porte"),
            say("Add one under spec.ports.", "Aggiungine una in spec.ports."),
        ),
        "not_from_there" => (
            say("Not from there", "Non da lì"),
            say(
                "From outside, ask a Service's virtual IP with HTTP or TCP, or for its name; all else is asked in the client pod.",
                "Da fuori, chiedi all'IP virtuale di un Service con HTTP o TCP, oppure il suo nome; il resto si chiede nel pod client.",
            ),
        ),
        "asking" => (
            say("A question is under way already", "C'è già una domanda in corso"),
            say("Wait a moment, and ask again.", "Aspetta un momento e chiedi di nuovo."),
        ),
        "no_way_to_ask" => (
            say("The client pod cannot be asked", "Non si può chiedere al pod client"),
            say(
                "Wait until the client pod is Ready, and ask again.",
                "Aspetta che il pod client sia Ready e chiedi di nuovo.",
            ),
        ),
        "load_out_of_bounds" => (
            say("The load is out of bounds", "Il carico è fuori dai limiti"),
            say(
                "Choose a value within the bounds that are named.",
                "Scegli un valore entro i limiti indicati.",
            ),
        ),
        _ => return None,
    })
}

fn request(code: &str) -> Option<(Words, Words)> {
    Some(match code {
        "not_found" => (
            say("Not found", "Non trovato"),
            say(
                "It may have been deleted meanwhile. Go back to the lab.",
                "Forse nel frattempo è stato eliminato. Torna al laboratorio.",
            ),
        ),
        "too_late" => (
            say("The step has moved on", "Il passo è già andato avanti"),
            say(
                "Look at the steps: what comes next is there.",
                "Guarda i passi: lì c'è che cosa viene dopo.",
            ),
        ),
        "not_seen" => (
            say("Not seen yet", "Non si vede ancora"),
            say(
                "Look at the picture and the events, then try again.",
                "Guarda la figura e gli eventi, poi riprova.",
            ),
        ),
        "method_not_allowed" => (
            say("Not in this way", "Non in questo modo"),
            say("Go back to the lab and use its buttons.", "Torna al laboratorio e usa i suoi pulsanti."),
        ),
        "foreign_host" => (
            say("Wrong host name", "Nome host sbagliato"),
            say(
                "Open the address that the terminal shows, or start the server with --allow-host.",
                "Apri l'indirizzo mostrato nel terminale, o avvia il server con --allow-host.",
            ),
        ),
        "cross_site" => (
            say("This came from another site", "Questa richiesta viene da un altro sito"),
            say("Use the lab's own page.", "Usa la pagina del laboratorio."),
        ),
        "bad_form" | "invalid_name" => (
            say("This form is not as it should be", "Questo modulo non è come dovrebbe"),
            say("Reload the page and try again.", "Ricarica la pagina e riprova."),
        ),
        "too_large" => (
            say("Too large", "Troppo grande"),
            say("A manifest may have 64 KiB.", "Un manifest può avere 64 KiB."),
        ),
        "too_many_viewers" => (
            say("Too many windows", "Troppe finestre"),
            say(
                "Close some windows of this lab and reload.",
                "Chiudi qualche finestra di questo laboratorio e ricarica.",
            ),
        ),
        _ => return None,
    })
}

fn cluster(code: &str) -> Option<(Words, Words)> {
    Some(match code {
        "not_prepared" => (
            say("The namespace was not prepared", "Il namespace non è stato preparato"),
            say(
                "Start over again; the server's log says why.",
                "Ricomincia un'altra volta; il log del server dice perché.",
            ),
        ),
        "not_ready" => (
            say("The cluster is not ready yet", "Il cluster non è ancora pronto"),
            say("Wait until the start page is done.", "Attendi che la pagina di avvio abbia finito."),
        ),
        "stopping" => (
            say("The server is stopping", "Il server si sta fermando"),
            say("Start it again and reload.", "Riavvialo e ricarica."),
        ),
        "api_forbidden" => (
            say("The cluster does not allow this", "Il cluster non lo permette"),
            say(
                "Read what it says: a quota or a security rule of your namespace.",
                "Leggi che cosa dice: una quota o una regola di sicurezza del tuo namespace.",
            ),
        ),
        "conflict" => {
            (say("It changed meanwhile", "Nel frattempo è cambiato"), say("Try again.", "Riprova."))
        }
        "api_invalid" => (
            say("The cluster does not accept this", "Il cluster non lo accetta"),
            say(
                "Read what it says about the marked line, and correct it.",
                "Leggi che cosa dice della riga segnata, e correggila.",
            ),
        ),
        "api_error" => (
            say("The cluster could not do this", "Il cluster non ci è riuscito"),
            say("Read what it says, and try again.", "Leggi che cosa dice, e riprova."),
        ),
        "api_unreachable" => (
            say("The cluster does not answer", "Il cluster non risponde"),
            say(
                "Nothing was changed for sure. The page shows since when; try again when it is back.",
                "Non è certo che qualcosa sia cambiato. La pagina mostra da quando; riprova quando torna.",
            ),
        ),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_unknown_code_still_has_a_title() {
        assert!(super::of("no_such_code").1.is_none());
    }
}
