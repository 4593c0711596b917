use alloc::string::String;
use alloc::vec::Vec;

use crate::hash::{key, mix};

/// A set of texts in insertion order, in one allocation of text: made anew for each scrape, so it
/// must not cost an allocation for each member.
#[derive(Debug, Default)]
pub struct TextSet {
    text: String,
    ends: Vec<usize>,
    /// Open addressing; 0 is empty, otherwise the index of the member plus one.
    table: Vec<u32>,
}

impl TextSet {
    /// The index of `member`, if it is there.
    pub fn find(&self, member: &str) -> Option<usize> {
        if self.table.is_empty() {
            return None;
        }
        self.probe(member).ok()
    }

    /// Adds `member`; false if it was there already.
    pub fn insert(&mut self, member: &str) -> bool {
        if (self.ends.len() + 1) * 2 > self.table.len() {
            self.grow();
        }
        let Err(place) = self.probe(member) else { return false };
        self.text.push_str(member);
        self.ends.push(self.text.len());
        self.table[place] = self.ends.len() as u32;
        true
    }

    /// Forgets the members and keeps the memory.
    pub fn clear(&mut self) {
        if !self.ends.is_empty() {
            self.text.clear();
            self.ends.clear();
            self.table.fill(0);
        }
    }

    /// The index of `member`, or the place in the table where it belongs.
    fn probe(&self, member: &str) -> Result<usize, usize> {
        let mask = self.table.len() - 1;
        let mut place = mix(key(), member.as_bytes()) as usize & mask;
        loop {
            match self.table[place] {
                0 => return Err(place),
                found if self.get(found as usize - 1) == member => return Ok(found as usize - 1),
                _ => place = (place + 1) & mask,
            }
        }
    }

    fn get(&self, index: usize) -> &str {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.text[start..self.ends[index]]
    }

    fn grow(&mut self) {
        let size = (self.table.len() * 2).max(16);
        self.table.clear();
        self.table.resize(size, 0);
        for index in 0..self.ends.len() {
            let Err(place) = self.probe(self.get(index)) else { continue };
            self.table[place] = index as u32 + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn members_are_found_and_refused_twice() {
        let mut set = TextSet::default();
        assert_eq!(set.find("a"), None);
        for round in 0..2 {
            for i in 0..1000 {
                assert!(set.insert(&format!("m{i}")), "round {round}, member {i}");
            }
            for i in 0..1000 {
                assert!(!set.insert(&format!("m{i}")));
                assert_eq!(set.find(&format!("m{i}")), Some(i));
            }
            assert_eq!(set.find(""), None);
            set.clear();
            assert_eq!(set.find("m1"), None);
        }
    }
}
