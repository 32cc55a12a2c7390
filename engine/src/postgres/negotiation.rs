//! How a connection begins: with TLS or without.

use std::convert::Infallible;
use std::error::Error;
use std::{fmt, io};

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_postgres::config::{SslMode, SslNegotiation};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_postgres_rustls::MakeRustlsConnect;
use tokio_util::either::Either;

use super::coalesced::Coalesced;

/// Asks whether the server speaks TLS.
///
/// Source: PostgreSQL documentation, "Message Formats", SSLRequest.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// The answers of a server that does, and of one that does not.
const ACCEPTS: u8 = b'S';
const REFUSES: u8 = b'N';

/// What the driver is given for every connection: it agrees with the server on TLS or none, and puts
/// the rows of a COPY together.
///
/// Only what makes TLS may bring the driver a stream of its own, and so the driver is always told that
/// there is TLS, without a request of its own ([`configure`](Self::configure)).
#[derive(Clone)]
pub(super) struct Negotiation {
    tls: MakeRustlsConnect,
    mode: SslMode,
    negotiation: SslNegotiation,
    /// The server's name, for its certificate.
    host: String,
}

impl Negotiation {
    /// TLS or none as `mode` says.
    pub(super) fn new(tls: MakeRustlsConnect, mode: SslMode, negotiation: SslNegotiation) -> Self {
        Self {
            tls,
            mode,
            negotiation,
            host: String::new(),
        }
    }

    /// Makes the driver leave TLS to this.
    pub(super) fn configure(driver: &mut tokio_postgres::Config) {
        driver
            .ssl_mode(SslMode::Require)
            .ssl_negotiation(SslNegotiation::Direct);
    }

    /// Whether the connection gets TLS; asks the server, if it may say.
    async fn has_tls(
        &self,
        stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    ) -> Result<bool, NegotiationError> {
        match (self.mode, self.negotiation) {
            (SslMode::Disable, _) => return Ok(false),
            (_, SslNegotiation::Direct) => return Ok(true),
            _ => {}
        }
        let answer = async {
            stream.write_all(&SSL_REQUEST).await?;
            stream.read_u8().await
        };
        let answer = answer.await.map_err(NegotiationError::Request)?;
        match (answer, self.mode) {
            (ACCEPTS, _) => Ok(true),
            (REFUSES, SslMode::Require) => Err(NegotiationError::Refused),
            (REFUSES, _) => Ok(false),
            _ => {
                let message = "the answer to the request for TLS is no answer to that";
                Err(NegotiationError::Request(io::Error::other(message)))
            }
        }
    }
}

/// Why a connection did not come to its first message.
#[derive(Debug)]
pub(super) enum NegotiationError {
    /// The server did not say whether it speaks TLS.
    Request(io::Error),
    /// It does not, and must.
    Refused,
    /// It does, and there was no session.
    Tls(io::Error),
}

impl fmt::Display for NegotiationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(err) | Self::Tls(err) => err.fmt(f),
            Self::Refused => f.write_str("server does not support TLS"),
        }
    }
}

impl Error for NegotiationError {}

/// A stream to a server, with TLS or without.
type Line<S> = Either<S, <MakeRustlsConnect as MakeTlsConnect<S>>::Stream>;

impl<S> MakeTlsConnect<S> for Negotiation
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Coalesced<Line<S>>;
    type TlsConnect = Self;
    type Error = Infallible;

    fn make_tls_connect(&mut self, host: &str) -> Result<Self, Infallible> {
        Ok(Self {
            host: host.to_owned(),
            ..self.clone()
        })
    }
}

impl<S> TlsConnect<S> for Negotiation
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    type Stream = Coalesced<Line<S>>;
    type Error = NegotiationError;
    type Future = BoxFuture<'static, Result<Self::Stream, NegotiationError>>;

    fn connect(mut self, mut stream: S) -> Self::Future {
        let connect = async move {
            if !self.has_tls(&mut stream).await? {
                return Ok(Coalesced::new(Either::Left(stream)));
            }
            let tls = &mut self.tls;
            let Ok(tls) = MakeTlsConnect::<S>::make_tls_connect(tls, &self.host);
            let stream = tls.connect(stream).await.map_err(NegotiationError::Tls)?;
            Ok(Coalesced::new(Either::Right(stream)))
        };
        connect.boxed()
    }
}

impl<S> TlsStream for Coalesced<Line<S>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    fn channel_binding(&self) -> ChannelBinding {
        match self.get_ref() {
            Either::Left(_) => ChannelBinding::none(),
            Either::Right(tls) => tls.channel_binding(),
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::duplex;
    use tokio_postgres::config::SslNegotiation::{Direct, Postgres};

    use super::*;
    use crate::postgres::config::TlsConfig;
    use crate::postgres::tls;

    #[tokio::test]
    async fn without_tls_nothing_is_asked() {
        let (result, asked) = negotiate(SslMode::Disable, Postgres, b"").await;
        assert!(matches!(result, Ok(false)));
        assert_eq!(asked, b"");
    }

    #[tokio::test]
    async fn the_server_says_whether_there_is_tls() {
        for mode in [SslMode::Prefer, SslMode::Require] {
            let (result, asked) = negotiate(mode, Postgres, b"S").await;
            assert!(matches!(result, Ok(true)));
            assert_eq!(asked, SSL_REQUEST);
        }
        let (result, _) = negotiate(SslMode::Prefer, Postgres, b"N").await;
        assert!(matches!(result, Ok(false)));
    }

    #[tokio::test]
    async fn tls_that_is_required_is_not_given_up() {
        let (result, _) = negotiate(SslMode::Require, Postgres, b"N").await;
        assert!(matches!(result, Err(NegotiationError::Refused)));
    }

    #[tokio::test]
    async fn no_other_answer_means_no_tls() {
        for mode in [SslMode::Prefer, SslMode::Require] {
            for answer in [&b"E"[..], b""] {
                let (result, _) = negotiate(mode, Postgres, answer).await;
                assert!(matches!(result, Err(NegotiationError::Request(_))));
            }
        }
    }

    #[tokio::test]
    async fn direct_tls_is_not_asked_for() {
        let (result, asked) = negotiate(SslMode::Require, Direct, b"").await;
        assert!(matches!(result, Ok(true)));
        assert_eq!(asked, b"");
    }

    #[tokio::test]
    async fn what_follows_the_answer_in_clear_is_part_of_the_session_with_tls() {
        let (ours, mut theirs) = duplex(4096);
        let negotiation = negotiation(SslMode::Prefer, Postgres);
        theirs.write_all(b"SR\0\0\0\x08\0\0\0\0").await.unwrap();
        let negotiation = Negotiation {
            host: "localhost".to_owned(),
            ..negotiation
        };
        let Err(NegotiationError::Tls(_)) = negotiation.connect(ours).await else {
            panic!("a message in clear was taken for the server's");
        };
    }

    /// What is agreed on with a server that answers so and ends, and what it was asked.
    async fn negotiate(
        mode: SslMode,
        kind: SslNegotiation,
        answer: &[u8],
    ) -> (Result<bool, NegotiationError>, Vec<u8>) {
        let (mut ours, mut theirs) = duplex(64);
        theirs.write_all(answer).await.unwrap();
        theirs.shutdown().await.unwrap();
        let result = negotiation(mode, kind).has_tls(&mut ours).await;
        drop(ours);
        let mut asked = Vec::new();
        theirs.read_to_end(&mut asked).await.unwrap();
        (result, asked)
    }

    fn negotiation(mode: SslMode, kind: SslNegotiation) -> Negotiation {
        let tls = tls::connector(&TlsConfig::default()).unwrap();
        Negotiation::new(tls, mode, kind)
    }
}
