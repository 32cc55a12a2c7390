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

/// The answer of a server that does.
const ACCEPTS: u8 = b'S';

/// What the driver is given for every connection: it agrees with the server on TLS or none, and puts
/// the rows of a COPY together.
///
/// Only what makes TLS may bring the driver a stream of its own, and so the driver is always told that
/// there is TLS, without a request of its own ([`configure`](Self::configure)).
#[derive(Clone)]
pub(super) struct Negotiation {
    tls: MakeRustlsConnect,
    mode: SslMode,
    kind: SslNegotiation,
    /// The server's name, for its certificate.
    host: String,
}

impl Negotiation {
    /// TLS or none as `mode` says.
    pub(super) fn new(tls: MakeRustlsConnect, mode: SslMode, kind: SslNegotiation) -> Self {
        Self {
            tls,
            mode,
            kind,
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
        match (self.mode, self.kind) {
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
            (_, SslMode::Require) => Err(NegotiationError::Refused),
            _ => Ok(false),
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
