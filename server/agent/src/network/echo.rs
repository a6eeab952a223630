//! An ICMP echo without privileges: a datagram socket, which Linux gives to the groups that
//! `net.ipv4.ping_group_range` names.
//!
//! Source: <https://man7.org/linux/man-pages/man7/icmp.7.html>; RFC 792, "Echo or Echo Reply Message"; RFC 4443, 4.

use std::io;
use std::net::{IpAddr, SocketAddr};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;

/// The message's header, and the 56 bytes that ping sends in it.
const MESSAGE_BYTES: usize = 8 + 56;

/// The two types of a message.
struct Types {
    request: u8,
    reply: u8,
}

/// Sends one, and waits for its reply. The kernel fills in the identifier and the checksum, and gives the socket only
/// what answers it.
pub(super) async fn send(to: IpAddr, sequence: u16) -> io::Result<()> {
    let (domain, protocol, types) = match to {
        IpAddr::V4(_) => (Domain::IPV4, Protocol::ICMPV4, Types { request: 8, reply: 0 }),
        IpAddr::V6(_) => (Domain::IPV6, Protocol::ICMPV6, Types { request: 128, reply: 129 }),
    };
    let socket = Socket::new(domain, Type::DGRAM, Some(protocol))?;
    socket.set_nonblocking(true)?;
    let socket = UdpSocket::from_std(socket.into())?;
    // Connected, so that what routers say of the destination comes as the socket's error.
    socket.connect(SocketAddr::new(to, 0)).await?;
    socket.send(&message(types.request, sequence)).await?;
    let mut reply = [0; MESSAGE_BYTES];
    loop {
        let length = socket.recv(&mut reply).await?;
        if answers(&reply[..length], types.reply, sequence) {
            return Ok(());
        }
    }
}

fn message(kind: u8, sequence: u16) -> [u8; MESSAGE_BYTES] {
    let mut message = [0; MESSAGE_BYTES];
    message[0] = kind;
    message[6..8].copy_from_slice(&sequence.to_be_bytes());
    message
}

fn answers(reply: &[u8], kind: u8, sequence: u16) -> bool {
    reply.first() == Some(&kind) && reply.get(6..8) == Some(&sequence.to_be_bytes()[..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_reply_to_this_echo_answers_it() {
        let reply = message(0, 513);
        assert_eq!(reply[..8], [0, 0, 0, 0, 0, 0, 2, 1]);
        assert!(answers(&reply, 0, 513));
        assert!(!answers(&reply, 0, 514) && !answers(&reply, 129, 513) && !answers(&reply[..7], 0, 513));
    }
}
