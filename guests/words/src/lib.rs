//! Counts the lines, words and characters of a text and finds its most frequent words. Prints one
//! line: `2 lines, 9 words, 45 characters`, and a warning on stderr if the text is empty.

use std::cmp::Reverse;
use std::collections::HashMap;

wit_bindgen::generate!({ path: "../wit", world: "words" });

struct Words;

export!(Words);

/// Words listed in a summary.
const TOP: usize = 5;

impl Guest for Words {
    fn summarize(text: String) -> Summary {
        if text.is_empty() {
            eprintln!("warning: the text is empty");
        }
        let words: Vec<String> = text.split_whitespace().filter_map(bare_word).collect();
        let summary = Summary {
            lines: text.lines().count() as u32,
            words: words.len() as u32,
            characters: text.chars().count() as u64,
            top: most_frequent(words),
        };
        println!("{} lines, {} words, {} characters", summary.lines, summary.words, summary.characters);
        summary
    }
}

/// The piece in lower case without the punctuation around it, if anything is left.
fn bare_word(piece: &str) -> Option<String> {
    let word = piece.trim_matches(|character: char| !character.is_alphanumeric());
    (!word.is_empty()).then(|| word.to_lowercase())
}

fn most_frequent(words: Vec<String>) -> Vec<(String, u32)> {
    let mut counts: HashMap<String, u32> = HashMap::new();
    for word in words {
        *counts.entry(word).or_default() += 1;
    }
    let mut top: Vec<(String, u32)> = counts.into_iter().collect();
    top.sort_unstable_by(|(left, left_count), (right, right_count)| {
        (Reverse(left_count), left).cmp(&(Reverse(right_count), right))
    });
    top.truncate(TOP);
    top
}
