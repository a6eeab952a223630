//! A refusal in words, in both languages: what the console is, and what to do instead.

use super::{NotOffered, Operator, Refusal, Reserved};
use crate::lab::Localized;

type Said = Localized<String>;

fn say(en: impl Into<String>, it: impl Into<String>) -> Said {
    Localized { en: en.into(), it: it.into() }
}

impl Refusal {
    /// Why the line was not run, and what to type instead.
    #[must_use]
    pub fn says(&self) -> Said {
        match self {
            Self::Operator(operator) => operator.says(),
            Self::VerbNotOffered { given, why } => why.says(given),
            Self::Reserved { flag, why } => why.says(flag),
            Self::Empty
            | Self::TooLong { .. }
            | Self::SeveralLines
            | Self::ControlCharacter { .. }
            | Self::InvisibleCharacter { .. }
            | Self::LookAlike { .. }
            | Self::UnclosedQuote
            | Self::Placeholder { .. } => self.of_the_line(),
            Self::UnknownProgram { .. }
            | Self::UnexpectedArgument { .. }
            | Self::MissingVerb
            | Self::UnknownVerb { .. }
            | Self::MissingSubverb { .. }
            | Self::UnknownSubverb { .. } => self.of_the_verb(),
            _ => self.of_the_flags(),
        }
    }

    fn of_the_line(&self) -> Said {
        match self {
            Self::TooLong { bytes } => say(
                format!(
                    "The line has {bytes} bytes; 4096 is the most. A long document belongs in the editor: apply it with kubectl apply -f -."
                ),
                format!(
                    "La riga è di {bytes} byte; il massimo è 4096. Un documento lungo va nell’editor: applicalo con kubectl apply -f -."
                ),
            ),
            Self::SeveralLines => say(
                "There are several lines here. Type one command at a time; YAML belongs in the editor.",
                "Qui ci sono più righe. Scrivi un comando alla volta; lo YAML va nell’editor.",
            ),
            Self::ControlCharacter { code, column } => say(
                format!(
                    "Character {column} is a control character (U+{code:04X}), which no command needs. Type the line by hand."
                ),
                format!(
                    "Il carattere {column} è un carattere di controllo (U+{code:04X}), che a nessun comando serve. Scrivi la riga a mano."
                ),
            ),
            Self::InvisibleCharacter { code, column } => say(
                format!(
                    "Character {column} cannot be seen (U+{code:04X}): it came with copying. Type that place anew."
                ),
                format!(
                    "Il carattere {column} non si vede (U+{code:04X}): è arrivato copiando. Riscrivi quel punto."
                ),
            ),
            Self::LookAlike { given, meant: Some(meant) } => say(
                format!(
                    "{given} only looks like {meant}. A text processor may have put it there: type {meant}."
                ),
                format!(
                    "{given} sembra soltanto {meant}. Forse l’ha messo un programma di scrittura: scrivi {meant}."
                ),
            ),
            Self::LookAlike { given, meant: None } => say(
                format!("{given} is not a letter of a command or a flag: those are plain ASCII."),
                format!(
                    "{given} non è una lettera di un comando o di un flag: quelli sono in semplice ASCII."
                ),
            ),
            Self::UnclosedQuote => say(
                "A quotation mark is opened and not closed, or the line ends with a backslash.",
                "C’è una virgoletta aperta e non chiusa, oppure la riga finisce con una barra rovesciata.",
            ),
            Self::Placeholder { name } => say(
                format!(
                    "<{name}> stands for a name of your own: put that in its place, without the angle brackets."
                ),
                format!("<{name}> sta per un nome tuo: mettilo al suo posto, senza le parentesi angolari."),
            ),
            _ => say(
                "Type a command, for example kubectl get services.",
                "Scrivi un comando, per esempio kubectl get services.",
            ),
        }
    }

    fn of_the_verb(&self) -> Said {
        match self {
            Self::UnknownProgram { given, near } => say(
                format!(
                    "There is no {given} here. The console has kubectl, and from the client pod curl, nslookup and ping.{}",
                    meant_en(near.as_deref())
                ),
                format!(
                    "Qui non c’è {given}. La console ha kubectl e, dal pod client, curl, nslookup e ping.{}",
                    meant_it(near.as_deref())
                ),
            ),
            Self::UnexpectedArgument { given } => say(
                format!(
                    "{given} is one word too many here. What this command needs comes from its flags or from the editor."
                ),
                format!(
                    "{given} qui è una parola di troppo. Ciò che serve a questo comando viene dai suoi flag o dall’editor."
                ),
            ),
            Self::UnknownVerb { given, near } => say(
                format!("kubectl has no verb {given}.{}", meant_en(near.as_deref())),
                format!("kubectl non ha il verbo {given}.{}", meant_it(near.as_deref())),
            ),
            Self::MissingSubverb { after, offered } => {
                let offered = offered.join(", ");
                say(
                    format!("kubectl {after} needs to know what: {offered}."),
                    format!("kubectl {after} deve sapere che cosa: {offered}."),
                )
            }
            Self::UnknownSubverb { after, given, offered } => {
                let offered = offered.join(", ");
                say(
                    format!(
                        "After kubectl {after} the lab offers {offered}, not {given}. Anything else can be written as YAML in the editor."
                    ),
                    format!(
                        "Dopo kubectl {after} il laboratorio offre {offered}, non {given}. Tutto il resto si può scrivere in YAML nell’editor."
                    ),
                )
            }
            _ => say(
                "kubectl needs a verb: get, describe, apply, expose, … For example kubectl get pods.",
                "kubectl vuole un verbo: get, describe, apply, expose, … Per esempio kubectl get pods.",
            ),
        }
    }

    fn of_the_flags(&self) -> Said {
        match self {
            Self::FlagBeforeVerb { flag } => say(
                format!("Put {flag} after the verb: kubectl reads its verb first here."),
                format!("Metti {flag} dopo il verbo: qui kubectl legge prima il verbo."),
            ),
            Self::FlagNotOffered { verb, flag, near } => {
                let words = verb.words();
                say(
                    format!(
                        "kubectl {words} has no flag {flag} here.{} kubectl {words} --help lists them.",
                        meant_en(near.as_deref())
                    ),
                    format!(
                        "Qui kubectl {words} non ha il flag {flag}.{} kubectl {words} --help li elenca.",
                        meant_it(near.as_deref())
                    ),
                )
            }
            Self::FlagNeedsValue { flag } => say(
                format!("{flag} needs a value: write {flag}=VALUE."),
                format!("{flag} vuole un valore: scrivi {flag}=VALORE."),
            ),
            Self::BadValue { flag, value, offered } => {
                let offered = offered.join(", ");
                say(
                    format!("{flag} does not take {value} here, but one of: {offered}."),
                    format!("Qui {flag} non accetta {value}, ma uno di: {offered}."),
                )
            }
            Self::OtherNamespace { given, own } => say(
                format!(
                    "Your namespace is {own}, and you may leave it out. What is in {given} is not yours to see."
                ),
                format!(
                    "Il tuo namespace è {own}, e puoi ometterlo. Ciò che è in {given} non tocca a te vederlo."
                ),
            ),
            _ => self.of_the_arguments(),
        }
    }

    fn of_the_arguments(&self) -> Said {
        match self {
            Self::File { given } => say(
                format!(
                    "There is no file {given} here: write the document in the editor, and name it with -f -."
                ),
                format!("Qui non c’è un file {given}: scrivi il documento nell’editor e indicalo con -f -."),
            ),
            Self::Address { given } => say(
                format!(
                    "Nothing is fetched from {given}. Put the document into the editor, read it, and name it with -f -."
                ),
                format!(
                    "Da {given} non si scarica nulla. Metti il documento nell’editor, leggilo e indicalo con -f -."
                ),
            ),
            Self::TemplateFile { .. } => say(
                "There are no template files here. Write the template in the line: -o jsonpath='{.spec.clusterIP}'.",
                "Qui non ci sono file di modelli. Scrivi il modello nella riga: -o jsonpath='{.spec.clusterIP}'.",
            ),
            Self::StdinArgument => say(
                "A - alone stands for standard input, which the console has not. The editor’s document is -f -.",
                "Un - da solo sta per lo standard input, che la console non ha. Il documento dell’editor è -f -.",
            ),
            Self::MissingDashes => say(
                "Say where the pod’s own command begins: kubectl exec client -- curl http://my-clusterip-service.",
                "Di’ dove comincia il comando del pod: kubectl exec client -- curl http://my-clusterip-service.",
            ),
            Self::UnexpectedDashes { verb } => say(
                format!(
                    "After -- comes a command for a pod, and kubectl {} runs none. Leave it out.",
                    verb.words()
                ),
                format!(
                    "Dopo -- viene un comando per un pod, e kubectl {} non ne esegue. Toglilo.",
                    verb.words()
                ),
            ),
            _ => say("This line is not run here.", "Questa riga qui non si esegue."),
        }
    }
}

fn meant_en(near: Option<&str>) -> String {
    near.map_or_else(String::new, |word| format!(" Did you mean {word}?"))
}

fn meant_it(near: Option<&str>) -> String {
    near.map_or_else(String::new, |word| format!(" Volevi dire {word}?"))
}

impl Operator {
    fn says(self) -> Said {
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
    fn says(self, verb: &str) -> Said {
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
    fn says(self, flag: &str) -> Said {
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
            Self::Raw => say(
                "Raw API paths are not asked here. kubectl get … -o json shows what the API says.",
                "Qui non si chiedono percorsi dell’API. kubectl get … -o json mostra che cosa dice l’API.",
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
                "Write the template with the format: -o go-template='{{.spec.clusterIP}}'.",
                "Scrivi il modello insieme al formato: -o go-template='{{.spec.clusterIP}}'.",
            ),
            Self::Overrides => say(
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
