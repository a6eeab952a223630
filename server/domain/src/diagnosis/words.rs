//! A diagnosis in words, in both languages: what was seen at each station, what is behind it, and where to look.

use std::fmt::Display;

use super::{Cause, Evidence, Hop, Misconception, Near, State, Station};
use crate::lab::Localized;
use crate::traffic::ErrorKind;

type Said = Localized<String>;

fn say(en: impl Into<String>, it: impl Into<String>) -> Said {
    Localized { en: en.into(), it: it.into() }
}

fn list<T: Display>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

impl Station {
    /// What the station is called.
    #[must_use]
    pub fn title(self) -> Said {
        match self {
            Self::Name => say("Name", "Nome"),
            Self::VirtualIp => say("Virtual IP and port", "IP virtuale e porta"),
            Self::Rule => say("Rule on the node", "Regola sul nodo"),
            Self::Endpoint => say("Endpoint", "Endpoint"),
            Self::Listener => say("Listening pod", "Pod in ascolto"),
        }
    }
}

impl State {
    /// In a word or two.
    #[must_use]
    pub fn word(self) -> Said {
        match self {
            Self::Ok => say("ok", "ok"),
            Self::Broken => say("broken here", "si interrompe qui"),
            Self::Unknown => say("unknown", "non si sa"),
            Self::NotReached => say("not reached", "non raggiunto"),
        }
    }
}

impl Hop {
    /// What was seen or tried there; empty where nothing was.
    #[must_use]
    pub fn says(&self) -> Said {
        match &self.evidence {
            Evidence::Nothing if self.state == State::NotReached => say("", ""),
            Evidence::Nothing => say(
                "Nothing could be tried from the client pod.",
                "Dal pod client non si è potuto provare nulla.",
            ),
            evidence => evidence.says(),
        }
    }
}

impl Evidence {
    fn says(&self) -> Said {
        match self {
            Self::Nothing => say("", ""),
            Self::CalledByAddress => say(
                "It is called by its address: no name is needed.",
                "È chiamato con l’indirizzo: non serve un nome.",
            ),
            Self::Resolves { addresses } => {
                let a = list(addresses);
                say(format!("The name resolves to {a}."), format!("Il nome si risolve in {a}."))
            }
            Self::NoSuchName { host } => say(
                format!("The cluster’s DNS knows no {host}."),
                format!("Il DNS del cluster non conosce {host}."),
            ),
            Self::Elsewhere => say(
                "This Service is not in the lab’s namespace, which is all that is watched here.",
                "Questo Service non è nel namespace del laboratorio, l’unico che qui si osserva.",
            ),
            Self::HasAddress { ip, port, target_port } => say(
                format!("The Service has {ip}, and its port {port} leads to {target_port}."),
                format!("Il Service ha {ip} e la sua porta {port} porta a {target_port}."),
            ),
            Self::NoVirtualIp => say("There is no virtual IP.", "Non c’è un IP virtuale."),
            Self::OtherPorts { asked, ports } => {
                let ports = list(ports);
                say(
                    format!("The Service has no port {asked}; it has {ports}."),
                    format!("Il Service non ha la porta {asked}; ha {ports}."),
                )
            }
            Self::RulesUnreadable | Self::NoRule | Self::RuleBalances { .. } | Self::RuleRefuses => {
                self.of_the_rule()
            }
            Self::Answered { .. } | Self::Unanswered { .. } => self.of_the_listener(),
            _ => self.of_the_endpoint(),
        }
    }

    fn of_the_rule(&self) -> Said {
        match self {
            Self::NoRule => say(
                "The node’s kernel has no rule for this address and port (yet).",
                "Il kernel del nodo non ha (ancora) una regola per questo indirizzo e questa porta.",
            ),
            Self::RuleBalances { endpoints: 1 } => {
                say("The rule sends it to the one endpoint.", "La regola la manda all’unico endpoint.")
            }
            Self::RuleBalances { endpoints } => say(
                format!("The rule spreads it over {endpoints} endpoints."),
                format!("La regola la distribuisce su {endpoints} endpoint."),
            ),
            Self::RuleRefuses => say(
                "The rule is there, and refuses: it has nobody to send to.",
                "La regola c’è e rifiuta: non ha nessuno a cui mandare.",
            ),
            _ => say(
                "The kernel’s rules cannot be read on this cluster.",
                "Su questo cluster le regole del kernel non si possono leggere.",
            ),
        }
    }

    fn of_the_endpoint(&self) -> Said {
        match self {
            Self::NoSelector => say(
                "The Service has no selector, and so no endpoints of its own.",
                "Il Service non ha un selector, e quindi nessun endpoint proprio.",
            ),
            Self::NoPods => say("There are no pods at all.", "Non c’è nessun pod."),
            Self::NothingSelected { selector, pods } => {
                let s = list(selector);
                say(
                    format!("The selector {s} matches none of the {pods} pods."),
                    format!("Il selector {s} non corrisponde a nessuno dei {pods} pod."),
                )
            }
            Self::NoSuchPortName { name, names } => {
                let names = if names.is_empty() { "–".to_owned() } else { list(names) };
                say(
                    format!("targetPort is {name:?}, but the pods’ named ports are: {names}."),
                    format!("targetPort è {name:?}, ma le porte con nome dei pod sono: {names}."),
                )
            }
            Self::NoneReady { pods } => {
                let pod = |(name, reason): &(String, Option<String>)| match reason {
                    Some(reason) => format!("{name} ({reason})"),
                    None => name.clone(),
                };
                let pods = pods.iter().map(pod).collect::<Vec<_>>().join(", ");
                say(
                    format!("The selector matches, but no pod is Ready: {pods}."),
                    format!("Il selector corrisponde, ma nessun pod è Ready: {pods}."),
                )
            }
            Self::Endpoints { ready, all } => say(
                format!("{ready} of {all} endpoints are ready."),
                format!("{ready} endpoint su {all} sono pronti."),
            ),
            _ => say("", ""),
        }
    }

    fn of_the_listener(&self) -> Said {
        match self {
            Self::Answered { pod } if !pod.is_empty() => {
                say(format!("{pod} answered."), format!("Ha risposto {pod}."))
            }
            Self::Unanswered { pod, address, error } => {
                let (en, it) = failure(*error);
                let at = if pod.is_empty() { address.clone() } else { format!("{pod} ({address})") };
                say(format!("{at}: {en}."), format!("{at}: {it}."))
            }
            _ => say("It answered.", "Ha risposto."),
        }
    }
}

fn failure(kind: ErrorKind) -> (&'static str, &'static str) {
    match kind {
        ErrorKind::Refused => ("connection refused", "connessione rifiutata"),
        ErrorKind::Timeout => ("no answer in time", "nessuna risposta in tempo"),
        ErrorKind::Reset => ("the connection broke", "la connessione si è interrotta"),
        ErrorKind::NoRoute => ("no route to it", "nessuna strada per arrivarci"),
        ErrorKind::Dns => ("the name does not resolve", "il nome non si risolve"),
        ErrorKind::BadAnswer => {
            ("an answer that is not a lab backend’s", "una risposta che non è di un backend del laboratorio")
        }
    }
}

impl Misconception {
    /// In one sentence, what it is.
    #[must_use]
    pub fn title(self) -> Said {
        match self {
            Self::NoSuchService => {
                say("There is no Service of that name", "Non esiste un Service con quel nome")
            }
            Self::OtherNamespace => say(
                "A short name is looked up in one’s own namespace only",
                "Un nome breve si cerca solo nel proprio namespace",
            ),
            Self::Headless => say("The Service is headless", "Il Service è headless"),
            Self::NoSuchPort => say("The Service does not have that port", "Il Service non ha quella porta"),
            Self::NoSelector => say("The Service has no selector", "Il Service non ha un selector"),
            Self::SelectorMatchesNothing => {
                say("The selector matches no pod", "Il selector non corrisponde a nessun pod")
            }
            Self::SelectorTooBroad => {
                say("The selector takes in other pods, too", "Il selector prende anche altri pod")
            }
            Self::PodsNotReady => say("The pods are not ready", "I pod non sono pronti"),
            Self::NoEndpoints => say("There is no pod behind it", "Dietro non c’è nessun pod"),
            Self::WrongTargetPort => {
                say("Nothing listens on targetPort", "Su targetPort non ascolta nessuno")
            }
            Self::NamedPortMissing => {
                say("No container port has that name", "Nessuna porta dei container ha quel nome")
            }
            Self::ListensOnLoopback => {
                say("The application listens on 127.0.0.1 only", "L’applicazione ascolta solo su 127.0.0.1")
            }
            Self::NetworkPolicyPossible => {
                say("Packets are dropped on the way", "I pacchetti vanno persi lungo la strada")
            }
            Self::PingVirtualIp => {
                say("A virtual IP does not answer a ping", "Un IP virtuale non risponde al ping")
            }
            Self::KeepAlivePins => {
                say("A kept connection stays with its pod", "Una connessione tenuta aperta resta al suo pod")
            }
            Self::SessionAffinity => say(
                "sessionAffinity keeps a client with its pod",
                "sessionAffinity lega un client al suo pod",
            ),
        }
    }

    /// Why, and where to look; never the answer itself.
    #[must_use]
    pub fn why(self) -> Said {
        match self {
            Self::NoSuchService
            | Self::OtherNamespace
            | Self::Headless
            | Self::NoSuchPort
            | Self::NoSelector
            | Self::SelectorMatchesNothing
            | Self::SelectorTooBroad => self.of_the_service(),
            _ => self.of_the_pods(),
        }
    }

    fn of_the_service(self) -> Said {
        match self {
            Self::NoSuchService => say(
                "A name resolves only while a Service has it. Compare what you call with kubectl get services.",
                "Un nome si risolve solo finché un Service lo porta. Confronta ciò che chiami con kubectl get services.",
            ),
            Self::OtherNamespace => say(
                "The pod’s search domains complete a short name with the pod’s own namespace. A Service elsewhere needs the longer name, SERVICE.NAMESPACE.",
                "I domini di ricerca del pod completano un nome breve con il namespace del pod. Un Service altrove vuole il nome più lungo, SERVICE.NAMESPACE.",
            ),
            Self::Headless => say(
                "With clusterIP: None the name leads straight to the pods: no virtual IP, no rule, and port is not translated to targetPort. Look at clusterIP in the Service’s YAML.",
                "Con clusterIP: None il nome porta direttamente ai pod: nessun IP virtuale, nessuna regola, e port non viene tradotta in targetPort. Guarda clusterIP nello YAML del Service.",
            ),
            Self::NoSuchPort => say(
                "A virtual IP answers only on the Service’s own ports; port is what clients call, targetPort is the pod’s. Look at PORT(S) in kubectl get services.",
                "Un IP virtuale risponde solo sulle porte del Service: port è quella che chiamano i client, targetPort quella del pod. Guarda PORT(S) in kubectl get services.",
            ),
            Self::NoSelector => say(
                "Without a selector nobody fills the EndpointSlice. Look at spec.selector.",
                "Senza selector nessuno riempie l’EndpointSlice. Guarda spec.selector.",
            ),
            Self::SelectorMatchesNothing => say(
                "Every pair of the selector must be among a pod’s labels, letter for letter. Compare kubectl get pods --show-labels with the selector.",
                "Ogni coppia del selector deve stare tra le label di un pod, lettera per lettera. Confronta kubectl get pods --show-labels con il selector.",
            ),
            Self::SelectorTooBroad => say(
                "A Service takes every pod that has the selector’s labels, whoever made it. Look at which pods the EndpointSlice names.",
                "Un Service prende ogni pod che ha le label del selector, chiunque l’abbia creato. Guarda quali pod nomina l’EndpointSlice.",
            ),
            _ => say("", ""),
        }
    }

    fn of_the_pods(self) -> Said {
        match self {
            Self::PodsNotReady => say(
                "Only ready pods get new connections. Look at READY in kubectl get pods, and at the readiness probe in kubectl describe pod.",
                "Solo i pod pronti ricevono nuove connessioni. Guarda READY in kubectl get pods e la readiness probe in kubectl describe pod.",
            ),
            Self::NoEndpoints => say(
                "The address is there without anybody behind it. Look at the Deployment’s replicas.",
                "L’indirizzo c’è, ma dietro non c’è nessuno. Guarda le repliche del Deployment.",
            ),
            Self::WrongTargetPort => say(
                "The request reaches the pod and is refused there: targetPort must be the port the application listens on. containerPort opens nothing, it only says so. Look at targetPort and at the application’s own port.",
                "La richiesta arriva al pod e lì viene rifiutata: targetPort dev’essere la porta su cui ascolta l’applicazione. containerPort non apre nulla, dichiara soltanto. Guarda targetPort e la porta dell’applicazione.",
            ),
            Self::NamedPortMissing => say(
                "A targetPort that is a name is looked up among the names of the pods’ container ports. Compare the two.",
                "Un targetPort che è un nome si cerca tra i nomi delle porte dei container. Confronta i due.",
            ),
            Self::ListensOnLoopback => say(
                "From inside the pod it answers, from other pods it does not: 127.0.0.1 is each pod’s own. Look at the address the application listens on; 0.0.0.0 takes all.",
                "Da dentro il pod risponde, dagli altri pod no: 127.0.0.1 è solo di quel pod. Guarda l’indirizzo su cui ascolta l’applicazione; 0.0.0.0 li prende tutti.",
            ),
            Self::NetworkPolicyPossible => say(
                "The pod answers on its own loopback, and nothing comes back from its IP. A refusal would be an answer: silence means a lost packet. Look at kubectl get networkpolicies.",
                "Il pod risponde sul proprio loopback, ma dal suo IP non torna nulla. Un rifiuto sarebbe una risposta: il silenzio è un pacchetto perso. Guarda kubectl get networkpolicies.",
            ),
            Self::PingVirtualIp => say(
                "A virtual IP is a rule for TCP and UDP ports; no network card has it, and nothing there answers an echo. Ask it as a client would: with curl, on its port.",
                "Un IP virtuale è una regola per porte TCP e UDP; nessuna scheda di rete lo possiede e lì nulla risponde a un echo. Chiamalo come farebbe un client: con curl, sulla sua porta.",
            ),
            Self::KeepAlivePins => say(
                "The rule chooses once for each connection, not for each request. Send the same load with new connections and compare.",
                "La regola sceglie una volta per connessione, non per richiesta. Manda lo stesso carico con connessioni nuove e confronta.",
            ),
            Self::SessionAffinity => say(
                "With ClientIP each new connection of a client goes to the pod it had last, and each one starts the timeout anew: it ends only after a pause. Look at sessionAffinity.",
                "Con ClientIP ogni nuova connessione di un client va al pod che aveva prima, e ognuna fa ripartire il timeout: finisce solo dopo una pausa. Guarda sessionAffinity.",
            ),
            _ => say("", ""),
        }
    }
}

impl Cause {
    /// What was found that makes it plain, if anything was.
    #[must_use]
    pub fn detail(&self) -> Option<Said> {
        if let Some(near) = &self.near {
            let wanted = &near.wanted;
            let pod = &near.pod;
            return Some(match (near.near, &near.found) {
                (Near::TemplateHash, _) => say(
                    format!(
                        "{wanted} is a mark that the Deployment gives to one of its ReplicaSets: it changes with every rollout."
                    ),
                    format!(
                        "{wanted} è un segno che il Deployment dà a uno dei suoi ReplicaSet: cambia a ogni rollout."
                    ),
                ),
                (Near::Typo, Some(found)) => say(
                    format!("The selector says {wanted}; {pod} has {found}: one of them is mistyped."),
                    format!("Il selector dice {wanted}; {pod} ha {found}: uno dei due è scritto male."),
                ),
                (_, Some(found)) => say(
                    format!("The selector says {wanted}; {pod} has {found}."),
                    format!("Il selector dice {wanted}; {pod} ha {found}."),
                ),
                (_, None) => say(
                    format!("The selector says {wanted}; {pod} comes nearest and has no such label."),
                    format!("Il selector dice {wanted}; {pod} è il più vicino e non ha quella label."),
                ),
            });
        }
        let found = self.instead.as_ref()?;
        Some(match self.misconception {
            Misconception::OtherNamespace => {
                say(format!("{found} does resolve."), format!("{found} invece si risolve."))
            }
            Misconception::NoSuchService => {
                say(format!("There is a Service {found}."), format!("C’è un Service {found}."))
            }
            Misconception::WrongTargetPort => {
                say(format!("The pod listens on {found}."), format!("Il pod ascolta su {found}."))
            }
            Misconception::SelectorTooBroad => {
                say(format!("{found} is not like the others."), format!("{found} non è come gli altri."))
            }
            Misconception::KeepAlivePins | Misconception::SessionAffinity => say(
                format!("All answers came from {found}."),
                format!("Tutte le risposte sono arrivate da {found}."),
            ),
            _ => return None,
        })
    }
}
