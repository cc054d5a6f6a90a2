//! Values under short numbers that are used again: half as large as a pointer, and never dangling.

/// Values, each under a number of its own until it is taken out.
#[derive(Debug)]
pub(super) struct Slab<T> {
    places: Vec<Option<T>>,
    free: Vec<u32>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { places: Vec::new(), free: Vec::new() }
    }
}

impl<T> Slab<T> {
    /// Takes a value.
    pub(super) fn insert(&mut self, value: T) -> u32 {
        if let Some(number) = self.free.pop()
            && let Some(place) = self.place(number)
        {
            *place = Some(value);
            return number;
        }
        self.places.push(Some(value));
        // There are never four billion: each is hundreds of bytes.
        u32::try_from(self.places.len() - 1).unwrap_or(u32::MAX)
    }

    /// The value of a number.
    pub(super) fn get(&self, number: u32) -> Option<&T> {
        self.places.get(usize::try_from(number).ok()?)?.as_ref()
    }

    /// The value of a number.
    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        self.place(number)?.as_mut()
    }

    /// Gives a value back; its number is free.
    pub(super) fn take(&mut self, number: u32) -> Option<T> {
        let value = self.place(number)?.take()?;
        self.free.push(number);
        Some(value)
    }

    /// Every value, by number.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        (0..).zip(&self.places).filter_map(|(number, value)| Some((number, value.as_ref()?)))
    }

    /// Every value, by number.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = (u32, &mut T)> {
        (0..).zip(&mut self.places).filter_map(|(number, value)| Some((number, value.as_mut()?)))
    }

    /// Every value, by number.
    pub(super) fn into_values(self) -> impl Iterator<Item = T> {
        self.places.into_iter().flatten()
    }

    fn place(&mut self, number: u32) -> Option<&mut Option<T>> {
        self.places.get_mut(usize::try_from(number).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_used_again_only_after_its_value_is_gone() {
        let mut slab = Slab::default();
        let (one, two) = (slab.insert("a"), slab.insert("b"));
        assert_eq!(slab.take(one), Some("a"));
        assert_eq!((slab.take(one), slab.get(one)), (None, None));
        assert_eq!(slab.insert("c"), one);
        assert_ne!(slab.insert("d"), two);
        assert_eq!(slab.iter().map(|(_, value)| *value).collect::<String>(), "cbd");
        assert_eq!(slab.into_values().count(), 3);
    }
}
