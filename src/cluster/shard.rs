//! Which objects are this replica's, by kube-state-metrics' own arithmetic: replicas of both can share a cluster.

use super::object::Uid;

/// One of several replicas that share the objects of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Its number, from 0.
    pub ordinal: u32,
    /// How many there are.
    pub total: u32,
}

impl Default for Shard {
    fn default() -> Self {
        Self { ordinal: 0, total: 1 }
    }
}

impl Shard {
    /// Whether an object is this one's.
    pub fn has(self, uid: &Uid) -> bool {
        self == Self::default() || jump_hash(uid.fnv(), self.total) == Some(self.ordinal)
    }
}

/// Lamping and Veach's jump consistent hash (arXiv 1406.2294): a bucket below `buckets` for a key.
fn jump_hash(mut key: u64, buckets: u32) -> Option<u32> {
    let (mut bucket, mut next) = (None, 0_u64);
    while next < u64::from(buckets) {
        bucket = u32::try_from(next).ok();
        key = key.wrapping_mul(2_862_933_555_777_941_757).wrapping_add(1);
        #[expect(clippy::cast_precision_loss, reason = "33 bits are exact")]
        let divisor = ((key >> 33) + 1) as f64;
        #[expect(clippy::cast_precision_loss, reason = "a bucket's number is exact")]
        let jump = (next + 1) as f64 * (2_147_483_648.0 / divisor);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the algorithm's own; positive"
        )]
        let jump = jump as u64;
        next = jump;
    }
    bucket
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_one_bucket_and_most_stay_when_one_is_added() {
        let keys = (0..10_000_u64).map(|key| key.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut moved = 0;
        let mut counts = [0; 8];
        for key in keys {
            let (seven, eight) = (jump_hash(key, 7).unwrap(), jump_hash(key, 8).unwrap());
            assert!(seven == eight || eight == 7);
            moved += u32::from(seven != eight);
            counts[eight as usize] += 1;
        }
        assert!((1_000..1_500).contains(&moved), "{moved}");
        assert!(counts.iter().all(|count| (1_000..1_500).contains(count)), "{counts:?}");
        assert_eq!(jump_hash(1, 0), None);
    }
}
