//! Which pod has which address.

use std::net::Ipv4Addr;

/// The pods' range, 10.244.0.0/16, as kind has it.
const BASE: u32 = 0x0AF4_0000;
/// The first address that a pod can have; before it are the network's own and the gateway's.
const FIRST: u32 = 2;
/// One after the last.
const END: u32 = 0xFFFF;

/// Hands out addresses in turn, so that one that was given back comes again only when all others have been.
#[derive(Debug)]
pub(super) struct Pool {
    next: u32,
}

impl Default for Pool {
    fn default() -> Self {
        Self { next: FIRST }
    }
}

impl Pool {
    /// The next address that is not `taken`.
    pub(super) fn take(&mut self, taken: impl Fn(Ipv4Addr) -> bool) -> Option<Ipv4Addr> {
        (FIRST..END).find_map(|_| {
            let offset = self.next;
            self.next = if offset + 1 < END { offset + 1 } else { FIRST };
            let ip = Ipv4Addr::from(BASE + offset);
            (!taken(ip)).then_some(ip)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_not_given_again_at_once_and_the_range_ends() {
        let mut pool = Pool::default();
        assert_eq!(pool.take(|_| false), Some(Ipv4Addr::new(10, 244, 0, 2)));
        assert_eq!(pool.take(|_| false), Some(Ipv4Addr::new(10, 244, 0, 3)));
        assert_eq!(pool.take(|_| true), None);
        pool.next = END - 1;
        assert_eq!(pool.take(|_| false), Some(Ipv4Addr::new(10, 244, 255, 254)));
        let first_is_taken = |ip: Ipv4Addr| ip == Ipv4Addr::new(10, 244, 0, 2);
        assert_eq!(pool.take(first_is_taken), Some(Ipv4Addr::new(10, 244, 0, 3)));
    }
}
