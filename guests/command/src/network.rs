//! Connects to an address and prints `connected` or the error.

use std::net::{SocketAddr, TcpStream};

use wasip2::sockets::instance_network::instance_network;
use wasip2::sockets::network::{
    ErrorCode, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, Ipv6SocketAddress,
};
use wasip2::sockets::tcp_create_socket::create_tcp_socket;

use crate::{Failure, streams};

/// As any program does it. A libc without sockets says no before the host is asked: see `dial`.
pub(crate) fn connect(address: &str) -> Result<(), Failure> {
    let address: SocketAddr = address.parse()?;
    report(TcpStream::connect(address).map(drop).map_err(|error| error.to_string()))
}

/// By the host's own interface, so that it is always the host that answers.
pub(crate) fn dial(address: &str) -> Result<(), Failure> {
    report(open(address.parse()?).map_err(|code| code.name().to_owned()))
}

fn report(outcome: Result<(), String>) -> Result<(), Failure> {
    let text = outcome.err().unwrap_or_else(|| "connected".to_owned());
    Ok(streams::line(&text)?)
}

fn open(address: SocketAddr) -> Result<(), ErrorCode> {
    let family = if address.is_ipv4() { IpAddressFamily::Ipv4 } else { IpAddressFamily::Ipv6 };
    let socket = create_tcp_socket(family)?;
    socket.start_connect(&instance_network(), in_wasi(address))?;
    socket.subscribe().block();
    socket.finish_connect().map(drop)
}

fn in_wasi(address: SocketAddr) -> IpSocketAddress {
    match address {
        SocketAddr::V4(address) => IpSocketAddress::Ipv4(Ipv4SocketAddress {
            port: address.port(),
            address: address.ip().octets().into(),
        }),
        SocketAddr::V6(address) => IpSocketAddress::Ipv6(Ipv6SocketAddress {
            port: address.port(),
            flow_info: address.flowinfo(),
            address: address.ip().segments().into(),
            scope_id: address.scope_id(),
        }),
    }
}
