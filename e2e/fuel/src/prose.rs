//! English prose without end, the same for the same number: what people type into forms, with quotes, brackets, dates and sums.

/// Numbers that look random and are the same on every machine (SplitMix64, Steele, Lea and Flood 2014).
#[derive(Debug, Clone)]
pub struct Numbers(u64);

impl Numbers {
    /// The sequence of this seed.
    pub fn new(seed: u64) -> Numbers {
        Numbers(seed.wrapping_mul(0xa076_1d64_78bd_642f) ^ 0xe703_7ed1_a0b4_28db)
    }

    /// The next one.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.draw() % end.max(1)
    }

    /// One of these.
    pub fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len() as u64) as usize]
    }
}

/// Sentences of at least `length` bytes together, cut at the end of a sentence.
pub fn paragraph(numbers: &mut Numbers, length: usize) -> String {
    let mut text = String::with_capacity(length + 200);
    while text.len() < length {
        if !text.is_empty() {
            text.push(' ');
        }
        let template = numbers.pick(SENTENCES);
        fill(numbers, template, &mut text);
    }
    text
}

/// A few words, as in a search field.
pub fn words(numbers: &mut Numbers, count: usize) -> String {
    (0..count).map(|_| numbers.pick(THINGS)).collect::<Vec<_>>().join(" ")
}

/// A date and time like `2026-03-09T14:05:22Z`.
pub fn instant(numbers: &mut Numbers) -> String {
    let (month, day) = (1 + numbers.below(12), 1 + numbers.below(28));
    let (hour, minute, second) = (numbers.below(24), numbers.below(60), numbers.below(60));
    format!("2026-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// The template with its `%` letters filled in: a name, a city, a thing, a number, a weekday.
fn fill(numbers: &mut Numbers, template: &str, text: &mut String) {
    let mut parts = template.split('%');
    text.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let filling = match part.as_bytes().first() {
            Some(b'p') => numbers.pick(NAMES).to_owned(),
            Some(b'c') => numbers.pick(CITIES).to_owned(),
            Some(b't') => numbers.pick(THINGS).to_owned(),
            Some(b'd') => numbers.pick(DAYS).to_owned(),
            _ => (2 + numbers.below(900)).to_string(),
        };
        text.push_str(&filling);
        text.push_str(part.get(1..).unwrap_or_default());
    }
}

const NAMES: &[&str] = &[
    "Ada",
    "Mr O'Brien",
    "Miriam",
    "Dr. Novak",
    "Tom",
    "Ingrid",
    "Mrs Patel",
    "José",
    "Anne-Marie",
    "Farid",
    "Lucy",
    "Old Henderson",
    "Kofi",
    "Beatrix",
    "Wei",
    "the caretaker",
];
const CITIES: &[&str] = &[
    "Lisbon",
    "Leeds",
    "Kraków",
    "Bergen",
    "Turin",
    "Porto",
    "Galway",
    "Zürich",
    "Utrecht",
    "Marseille",
    "Dundee",
    "St. Gallen",
];
const THINGS: &[&str] = &[
    "kettle",
    "lamp",
    "garden chair",
    "raincoat",
    "bicycle",
    "notebook",
    "camera",
    "bookshelf",
    "teapot",
    "ladder",
    "violin",
    "suitcase",
    "blanket",
    "radio",
    "mirror",
    "carpet",
    "running shoes",
    "water bottle",
    "desk",
    "headphones",
    "umbrella",
    "clock",
    "tent",
    "pan",
];
const DAYS: &[&str] = &["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

const SENTENCES: &[&str] = &[
    "When %p came back from %c on %d, the %t was still standing in the hall (nobody had dared to touch it).",
    "\"I don't think it's broken,\" said %p, \"it just needs a new %t.\"",
    "We ordered %n pieces in March; %n of them arrived, and the rest - so they say - is on its way.",
    "The road to %c is closed until %d, so please take the bus (line %n) and walk the last part.",
    "She wrote: 'Dear %p, thank you for the %t; it works better than the old one ever did.'",
    "Twice this year the %t was returned to me, and I'd like to know why.",
    "There are two ways of doing this: either you wait for %p, or you do it yourself & hope for the best.",
    "The invoice [no. %n] was paid on %d, but the reminder still came.",
    "According to the manual, \"the %t should be cleaned once a week\"; ours has not been cleaned since we moved to %c.",
    "Nothing in %c is quite as good as the coffee at the station, and nothing costs as much.",
    "%p asked whether the price (EUR %n.50) includes delivery, and what happens if nobody's at home.",
    "Please leave the %t with the neighbours - the green door, second floor - if I am out.",
    "My grandmother used to say that a good %t lasts a lifetime; hers lasted for %n years!",
    "After the meeting we agreed on three things: the date, the place, and who brings the %t.",
    "The colours aren't what I expected: the picture shows blue, the box says \"ocean\", and the thing is grey.",
    "If you're travelling with children, ask for the quiet carriage; they'll find you a seat.",
    "On %d the shop opens at 9:30, closes for lunch at 12:45, and stays open until 18:00.",
    "I've read all %n pages of it, and I still couldn't tell you what the author wanted to say.",
    "%p and %p have known each other since school; they met again in %c by accident.",
    "The delivery was late, the box was wet, and the %t (luckily) was fine.",
    "Could you tell me when the %t is available again? I'd take two, or even three.",
    "What a pity that the old cinema in %c has closed; it had %n seats and one very loud projector.",
    "He answered that he'd rather walk than wait another %n minutes for the tram.",
    "The recipe says: 200 g of flour, %n g of butter, a pinch of salt, and \"as much patience as you have\".",
    "Half of the people in the room were asleep; the other half was waiting for the %t to be repaired.",
    "You'll find the keys under the flower pot (not the blue one, the other).",
    "For the record: I did call on %d, and I did speak to %p, who promised to call back.",
    "The garden is bigger than it looks, with an apple tree, a shed, and room for a %t or two.",
    "It rained for %n hours, and then, just before %d, the sun came out over %c.",
    "Her first book was about trains; the second, \"Letters from %c\", is about everything else.",
    "I would recommend the %t to anybody who doesn't mind the noise.",
    "They measured twice, cut once, and it was still too short by %n millimetres.",
    "Between you and me, the %t from last year's catalogue was the better one.",
    "Our train leaves at 7:%n, which is early, but the next one doesn't stop in %c.",
    "The choir sings every %d at eight (guests are welcome), and afterwards there's soup.",
    "Did you know that the bridge in %c is older than the town hall? %p told me so.",
    "So we took the %t apart, put it together again, and had one screw left - as always.",
    "\"Nobody reads the small print,\" laughed %p, \"and that's why it is small.\"",
    "The museum keeps about %n paintings in the cellar, most of them by people nobody remembers.",
    "A friend of mine, who lives near %c, grows tomatoes on the roof and sells them on %d.",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_has_its_own_text() {
        let text = |seed| paragraph(&mut Numbers::new(seed), 500);
        assert_eq!(text(7), text(7));
        let distinct: std::collections::BTreeSet<String> = (0..2000).map(text).collect();
        assert_eq!(distinct.len(), 2000);
        assert!(text(3).len() >= 500 && text(3).len() < 700, "{}", text(3));
        assert!(!distinct.iter().any(|text| text.contains('%')));
    }
}
