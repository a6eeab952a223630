//! The course as a whole: its groups, and the claims it shows.

use super::words;

words! {
    /// The course as a whole.
    CourseWords {
        title: "One address, many pods", "Un indirizzo, molti pod";
        lessons: "Lessons", "Lezioni";
        lessons_lead: "One idea each, by doing. You predict, you try, you see.", "Un’idea per volta, facendo. Prevedi, provi, vedi.";
        troubles: "Trouble", "Guasti";
        troubles_lead: "A namespace in which something is broken, as it really breaks. Find it and repair it.", "Un namespace in cui qualcosa è rotto, come si rompe davvero. Trovalo e riparalo.";
        exams: "Exam", "Esame";
        exams_lead: "Build it from a specification. Hints say only where to look, and points count.", "Costruiscilo da una specifica. I suggerimenti dicono solo dove guardare, e contano i punti.";
        overall: "{done} of {all} labs done", "{done} laboratori fatti su {all}";
        claim_1: "A pod is ephemeral, and so is its IP", "Un pod è effimero, e così il suo IP";
        claim_2: "A Service is one stable front", "Un Service è un unico fronte stabile";
        claim_3: "It is made by YAML or by kubectl expose", "Si crea con lo YAML o con kubectl expose";
        claim_4: "It is reached from inside only", "Si raggiunge solo da dentro";
        claim_5: "Its selector finds pods by their labels", "Il selector trova i pod dalle label";
        claim_6: "In at port, on to targetPort", "Si entra da port, si va a targetPort";
        claim_7: "It spreads connections over the pods", "Distribuisce le connessioni fra i pod";
        claim_8: "Pods change behind it, nothing in front", "Dietro i pod cambiano, davanti nulla";
    }
}

impl CourseWords {
    /// A claim of the course, by its number.
    #[must_use]
    pub fn claim(&self, number: u8) -> Option<&'static str> {
        let all = [
            self.claim_1,
            self.claim_2,
            self.claim_3,
            self.claim_4,
            self.claim_5,
            self.claim_6,
            self.claim_7,
            self.claim_8,
        ];
        all.get(usize::from(number.checked_sub(1)?)).copied()
    }
}
