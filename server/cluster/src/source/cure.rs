//! What to do about each [`SourceError`], in both languages.

use super::error::SourceError as E;
use super::text::Text;

/// The practice cluster is the way out of everything that this machine cannot do.
const PRACTICE_EN: &str = "Or work on the simulated cluster: clusterip-lab serve --practice.";
const PRACTICE_IT: &str = "Oppure lavora sul cluster simulato: clusterip-lab serve --practice.";

pub(super) fn cure(error: &E) -> Text {
    docker(error).or_else(|| machine(error)).or_else(|| cluster(error)).unwrap_or_else(|| api(error))
}

fn or_practice(en: &str, it: &str) -> Text {
    Text::new(format!("{en} {PRACTICE_EN}"), format!("{it} {PRACTICE_IT}"))
}

fn docker(error: &E) -> Option<Text> {
    Some(match error {
        E::DockerNotFound => or_practice(
            "Install Docker (https://docs.docker.com/engine/install/) and start it.",
            "Installa Docker (https://docs.docker.com/engine/install/) e avvialo.",
        ),
        E::DockerNotRunning { .. } => or_practice(
            "Start Docker: sudo systemctl start docker on Linux, Docker Desktop on macOS or Windows.",
            "Avvia Docker: sudo systemctl start docker su Linux, Docker Desktop su macOS o Windows.",
        ),
        E::DockerPermissionDenied { .. } => or_practice(
            "Add yourself to the group docker (sudo usermod -aG docker $USER), then log out and in again.",
            "Aggiungi il tuo utente al gruppo docker (sudo usermod -aG docker $USER), poi esci e rientra.",
        ),
        E::PracticeFailed { .. } => Text::new(
            "It needs a free port of 127.0.0.1, and nothing else: see what it says, and try again.",
            "Le serve una porta libera di 127.0.0.1, e nient’altro: leggi che cosa dice, e riprova.",
        ),
        E::KindNotFound => or_practice(
            "Install kind (https://kind.sigs.k8s.io/docs/user/quick-start/#installation), or give its path with \
             --kind.",
            "Installa kind (https://kind.sigs.k8s.io/docs/user/quick-start/#installation), o indicane il percorso \
             con --kind.",
        ),
        E::DockerFailed { .. } | E::KindFailed { .. } | E::Program { .. } => Text::new(
            "Run clusterip-lab doctor: it tries docker and kind one by one. If Docker hangs, restart it.",
            "Esegui clusterip-lab doctor: prova docker e kind uno per uno. Se Docker è bloccato, riavvialo.",
        ),
        _ => return None,
    })
}

fn machine(error: &E) -> Option<Text> {
    Some(match error {
        E::ImageNotPullable { .. } => or_practice(
            "Check the connection and the image's name, or name an image that is already here (docker images) with \
             --node-image.",
            "Controlla la connessione e il nome dell’immagine, o indica con --node-image un’immagine già presente \
             (docker images).",
        ),
        E::PortTaken { address, .. } => {
            let port = address.as_deref().and_then(|a| a.rsplit(':').next()).unwrap_or("PORT");
            Text::new(
                format!(
                    "Stop the program that listens there (sudo ss -ltnp 'sport = :{port}'), or make the cluster anew \
                     on another port: clusterip-lab cluster down, then start again."
                ),
                format!(
                    "Ferma il programma in ascolto lì (sudo ss -ltnp 'sport = :{port}'), o ricrea il cluster su \
                     un’altra porta: clusterip-lab cluster down, poi riavvia."
                ),
            )
        }
        E::NoSpace { .. } => Text::new(
            "Free some disk space: docker system df shows what Docker keeps, docker system prune removes what is unused.",
            "Libera spazio su disco: docker system df mostra ciò che Docker conserva, docker system prune rimuove \
             ciò che non è in uso.",
        ),
        E::InotifyLimits { .. } => Text::new(
            "Raise the limits: sudo sysctl fs.inotify.max_user_instances=512 fs.inotify.max_user_watches=524288.",
            "Alza i limiti: sudo sysctl fs.inotify.max_user_instances=512 fs.inotify.max_user_watches=524288.",
        ),
        E::RootlessLimits { .. } => or_practice(
            "Follow https://kind.sigs.k8s.io/docs/user/rootless/, or use Docker with its usual engine.",
            "Segui https://kind.sigs.k8s.io/docs/user/rootless/, o usa Docker con il suo motore abituale.",
        ),
        E::StateUnwritable { path, .. } => Text::new(
            format!("Make {} writable, or name another folder with --state-dir.", path.display()),
            format!("Rendi scrivibile {}, o indica un’altra cartella con --state-dir.", path.display()),
        ),
        _ => return None,
    })
}

fn cluster(error: &E) -> Option<Text> {
    Some(match error {
        E::ClusterCreateFailed { .. } => or_practice(
            "Read kind's last lines above; https://kind.sigs.k8s.io/docs/user/known-issues/ has the usual causes. \
             Nothing was left behind: start again when the cause is gone.",
            "Leggi le ultime righe di kind qui sopra; https://kind.sigs.k8s.io/docs/user/known-issues/ elenca le \
             cause più comuni. Non è rimasto nulla: riavvia quando la causa è risolta.",
        ),
        E::ClusterHalfCreated { name, .. } => Text::new(
            format!(
                "Delete it with kind delete cluster --name {name}, or choose another name with --cluster-name."
            ),
            format!(
                "Eliminalo con kind delete cluster --name {name}, o scegli un altro nome con --cluster-name."
            ),
        ),
        E::ClusterBusy { .. } | E::ClusterExists { .. } => Text::new(
            "Wait until the other one is ready, or end it; then start again.",
            "Attendi che l’altro sia pronto, o chiudilo; poi riavvia.",
        ),
        E::ClusterNotOurs { name } => Text::new(
            format!(
                "If you really mean it: clusterip-lab cluster down --force, or kind delete cluster --name {name}."
            ),
            format!(
                "Se lo vuoi davvero: clusterip-lab cluster down --force, o kind delete cluster --name {name}."
            ),
        ),
        E::NodeStartFailed { .. } => Text::new(
            "Make the cluster anew: clusterip-lab cluster down, then start again.",
            "Ricrea il cluster: clusterip-lab cluster down, poi riavvia.",
        ),
        E::ImageLoadFailed { .. } => Text::new(
            "Look for a full disk first (docker system df); then make the cluster anew: clusterip-lab cluster down, \
             and start again.",
            "Controlla prima che il disco non sia pieno (docker system df); poi ricrea il cluster: clusterip-lab \
             cluster down, e riavvia.",
        ),
        _ => return None,
    })
}

fn api(error: &E) -> Text {
    match error {
        E::KubeconfigUnreadable { .. } => Text::new(
            "Check the file's path and that kubectl config view can read it.",
            "Controlla il percorso del file e che kubectl config view riesca a leggerlo.",
        ),
        E::ContextNotFound { there, .. } if there.is_empty() => Text::new(
            "The kubeconfig has no context at all: leave --context out and let the lab make its own cluster.",
            "Il kubeconfig non ha alcun contesto: ometti --context e lascia che il laboratorio crei il suo cluster.",
        ),
        E::ContextNotFound { there, .. } => Text::new(
            format!("Choose one of these with --context: {}.", there.join(", ")),
            format!("Scegline uno di questi con --context: {}.", there.join(", ")),
        ),
        E::ApiUnauthorized { .. } => Text::new(
            "The credentials may have expired: log in to the cluster again, and check with kubectl auth whoami.",
            "Le credenziali potrebbero essere scadute: accedi di nuovo al cluster e controlla con kubectl auth whoami.",
        ),
        E::ApiForbidden { .. } => Text::new(
            "The instructor needs rights over the whole cluster: use a context bound to cluster-admin.",
            "Al docente servono i diritti su tutto il cluster: usa un contesto legato a cluster-admin.",
        ),
        E::Timeout { .. } => or_practice(
            "Start again: a slow machine may just need longer. If it stays so: clusterip-lab cluster down, then start.",
            "Riavvia: a una macchina lenta può servire più tempo. Se non basta: clusterip-lab cluster down, poi riavvia.",
        ),
        // ApiUnreachable, and nothing else: the other groups answered for theirs.
        _ => Text::new(
            "Check that the cluster runs and that this machine reaches it: kubectl get --raw /readyz. For the lab's \
             own cluster, clusterip-lab cluster status tells more.",
            "Controlla che il cluster sia acceso e raggiungibile da questa macchina: kubectl get --raw /readyz. Per il \
             cluster del laboratorio, clusterip-lab cluster status dice di più.",
        ),
    }
}
