//! A refusal in words, in both languages: what the console is, and what to do instead.

mod withheld;

use super::Refusal;
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
                    "Your namespace is {own}, and you may leave it out: the console does not work in {given}."
                ),
                format!("Il tuo namespace è {own}, e puoi ometterlo: in {given} la console non lavora."),
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
            Self::CostlyPath { flag } => say(
                format!(
                    "The path of {flag} asks for too much at once: at most one .. and two ranges. Name the fields."
                ),
                format!(
                    "Il percorso di {flag} chiede troppo in una volta: al massimo un .. e due range. Nomina i campi."
                ),
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
