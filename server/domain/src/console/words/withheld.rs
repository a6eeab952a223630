//! What the console withholds, and why: a shell's operators, verbs and flags.

use super::{Said, say};
use crate::console::{NotOffered, Operator, Reserved};

impl Operator {
    pub(super) fn says(self) -> Said {
        match self {
            Self::Pipe => say(
                "This is a command line, not a shell: nothing is piped. Choose with -l, --field-selector or -o jsonpath='…'. A | that is meant as text goes into quotes.",
                "Questa è una riga di comando, non una shell: niente pipe. Scegli con -l, --field-selector o -o jsonpath='…'. Un | inteso come testo va tra virgolette.",
            ),
            Self::Redirection => say(
                "This is a command line, not a shell: there are no files to read from or write to. The editor’s document is -f -.",
                "Questa è una riga di comando, non una shell: non ci sono file da leggere o scrivere. Il documento dell’editor è -f -.",
            ),
            Self::Sequence => say(
                "One command at a time: run the first, look at what it did, then run the next.",
                "Un comando alla volta: esegui il primo, guarda che cosa ha fatto, poi esegui il successivo.",
            ),
            Self::Background => say(
                "Nothing runs in the background here. Put an address with & into quotes: 'http://…?a=1&b=2'.",
                "Qui niente gira in background. Metti tra virgolette un indirizzo con &: 'http://…?a=1&b=2'.",
            ),
            Self::Substitution => say(
                "The output of one command is not put into another here. Run the inner one first, and type what it said.",
                "Qui l’uscita di un comando non si mette in un altro. Esegui prima quello interno e scrivi ciò che ha detto.",
            ),
            Self::Variable => say(
                "There are no variables here. A $ that is meant as text goes into single quotes.",
                "Qui non ci sono variabili. Un $ inteso come testo va tra apici.",
            ),
            Self::Subshell => say(
                "Parentheses belong to a shell. In a jsonpath or a selector, put the whole value into single quotes.",
                "Le parentesi sono di una shell. In un jsonpath o in un selector, metti tutto il valore tra apici.",
            ),
            Self::Comment => say(
                "# begins a comment, which the console does not read. Leave it out, or put it into quotes.",
                "# comincia un commento, che la console non legge. Toglilo, o mettilo tra virgolette.",
            ),
        }
    }
}

impl NotOffered {
    pub(super) fn says(self, verb: &str) -> Said {
        match self {
            Self::Listens => say(
                format!(
                    "kubectl {verb} would listen on the lab’s server, not on your computer. Call from the client pod: curl http://my-clusterip-service. With a kubeconfig you can run {verb} in your own terminal."
                ),
                format!(
                    "kubectl {verb} si metterebbe in ascolto sul server del laboratorio, non sul tuo computer. Chiama dal pod client: curl http://my-clusterip-service. Con un kubeconfig puoi eseguire {verb} nel tuo terminale."
                ),
            ),
            Self::Editor => say(
                "kubectl edit opens an editor in a terminal. Here the editor is on the page: open the object as YAML, change it, and kubectl apply -f -.",
                "kubectl edit apre un editor in un terminale. Qui l’editor è sulla pagina: apri l’oggetto come YAML, cambialo e poi kubectl apply -f -.",
            ),
            Self::Terminal => say(
                format!(
                    "kubectl {verb} needs a terminal. Run one command in the pod with kubectl exec POD -- COMMAND, or read kubectl logs POD."
                ),
                format!(
                    "kubectl {verb} vuole un terminale. Esegui un comando nel pod con kubectl exec POD -- COMANDO, o leggi kubectl logs POD."
                ),
            ),
            Self::Files => say(
                format!(
                    "kubectl {verb} works with files and programs of your own computer, which the console has not. The document is in the editor: kubectl apply -f - --dry-run=server."
                ),
                format!(
                    "kubectl {verb} lavora con file e programmi del tuo computer, che la console non ha. Il documento è nell’editor: kubectl apply -f - --dry-run=server."
                ),
            ),
            Self::Own => say(
                format!(
                    "kubectl {verb} is about kubectl itself, and the lab has set that up: you are in your own namespace already."
                ),
                format!(
                    "kubectl {verb} riguarda kubectl stesso, e a questo ha già pensato il laboratorio: sei già nel tuo namespace."
                ),
            ),
            Self::Cluster => say(
                format!(
                    "kubectl {verb} is about the whole cluster, which is an administrator’s. Your part is your namespace."
                ),
                format!(
                    "kubectl {verb} riguarda tutto il cluster, che è di chi lo amministra. La tua parte è il tuo namespace."
                ),
            ),
            Self::Course => say(
                format!(
                    "kubectl {verb} is not part of this course. kubectl scale sets the number of replicas."
                ),
                format!(
                    "kubectl {verb} non fa parte di questo corso. kubectl scale imposta il numero di repliche."
                ),
            ),
            Self::Help => say(
                "Put --help after the verb: kubectl expose --help. What can be typed at all: help.",
                "Metti --help dopo il verbo: kubectl expose --help. Che cosa si può scrivere: help.",
            ),
        }
    }
}

impl Reserved {
    pub(super) fn says(self, flag: &str) -> Said {
        match self {
            Self::Cluster => say(
                format!(
                    "{flag} would choose another cluster. The console always speaks with the lab’s: leave it out."
                ),
                format!(
                    "{flag} sceglierebbe un altro cluster. La console parla sempre con quello del laboratorio: toglilo."
                ),
            ),
            Self::Identity => say(
                format!(
                    "{flag} would speak in somebody else’s name. You are who you are here; kubectl auth whoami says who."
                ),
                format!("{flag} parlerebbe a nome di altri. Qui sei chi sei; kubectl auth whoami dice chi."),
            ),
            Self::Tls => say(
                format!(
                    "{flag} changes how the API server’s certificate is checked, and the lab does that. Leave it out."
                ),
                format!(
                    "{flag} cambia come si verifica il certificato dell’API server, e lo fa il laboratorio. Toglilo."
                ),
            ),
            Self::AllNamespaces => say(
                format!("{flag} would look into everybody’s namespaces. Yours is set already: leave it out."),
                format!("{flag} guarderebbe nei namespace di tutti. Il tuo è già impostato: toglilo."),
            ),
            Self::Raw => say(
                "Raw API paths are not asked here. kubectl get … -o json shows what the API says.",
                "Qui non si chiedono percorsi dell’API. kubectl get … -o json mostra che cosa dice l’API.",
            ),
            _ => self.of_the_console(flag),
        }
    }

    /// What the console has not, or does itself.
    fn of_the_console(self, flag: &str) -> Said {
        match self {
            Self::Files => say(
                format!(
                    "{flag} reads files, and the console has none. Write the document in the editor, or the values in the line (--from-literal, -p)."
                ),
                format!(
                    "{flag} legge file, e la console non ne ha. Scrivi il documento nell’editor, o i valori nella riga (--from-literal, -p)."
                ),
            ),
            Self::Kustomize => say(
                "Kustomize works on folders, and there are none here. Write the whole document in the editor: -f -.",
                "Kustomize lavora su cartelle, e qui non ce ne sono. Scrivi tutto il documento nell’editor: -f -.",
            ),
            Self::Terminal => say(
                format!(
                    "{flag} needs a terminal or what you type meanwhile. Leave it out: kubectl exec client -- curl http://my-clusterip-service needs neither."
                ),
                format!(
                    "{flag} vuole un terminale o ciò che scrivi nel frattempo. Toglilo: kubectl exec client -- curl http://my-clusterip-service ne fa a meno."
                ),
            ),
            Self::Editor => say(
                "--edit opens an editor in a terminal. Here the editor is on the page.",
                "--edit apre un editor in un terminale. Qui l’editor è sulla pagina.",
            ),
            Self::Logging => say(
                format!(
                    "The lab itself decides how kubectl logs, waits and caches, and shows the API calls under the command. Leave {flag} out."
                ),
                format!(
                    "Come kubectl registra, attende e tiene in cache lo decide il laboratorio, che mostra le chiamate all’API sotto il comando. Togli {flag}."
                ),
            ),
            Self::Template => say(
                "Write the template with the format: -o jsonpath='{.spec.clusterIP}'.",
                "Scrivi il modello insieme al formato: -o jsonpath='{.spec.clusterIP}'.",
            ),
            _ => say(
                format!(
                    "{flag} changes the pod beside its flags. Have it written as YAML (--dry-run=client -o yaml), and change it in the editor."
                ),
                format!(
                    "{flag} cambia il pod accanto ai suoi flag. Fattelo scrivere in YAML (--dry-run=client -o yaml) e cambialo nell’editor."
                ),
            ),
        }
    }
}
