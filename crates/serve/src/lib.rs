//! The local page over a case: bound to loopback, only reading, a few threads.
//!
//! [`Server::bind`] takes the port, [`Server::run`] answers until the process ends.

#![forbid(unsafe_code)]

mod ask;
mod http;
mod routes;
mod seats;
mod words;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use konseki_pipeline::{Error, Explorer};

use crate::routes::Site;

/// Connections that are served at a time; most of them may wait for the store, some stay free for the page itself.
const THREADS: usize = 12;

/// A page that listens.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    site: Arc<Site>,
}

impl Server {
    /// Opens the case and takes a port of 127.0.0.1; 0 takes a free one.
    ///
    /// # Errors
    /// No case there, or the port is taken.
    pub fn bind(case: &Path, port: u16) -> Result<Self, Error> {
        let explorer = Explorer::open(case)?;
        let taken = |error: std::io::Error| Error::Usage(format!("port {port} of 127.0.0.1: {error}"));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(taken)?;
        let address = listener.local_addr().map_err(taken)?;
        Ok(Self { listener, address, site: Arc::new(Site::new(explorer, address.port())?) })
    }

    /// Where a browser finds it.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Answers until the process ends.
    pub fn run(&self) {
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| self.work());
            }
        });
    }

    fn work(&self) {
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => http::serve(stream, &self.site),
                // No more descriptors, or a peer that is gone already: others may still come.
                Err(_) => thread::sleep(Duration::from_millis(50)),
            }
        }
    }
}
