//! TLS as libpq's `sslmode` means it.

use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::config::{TlsConfig, TlsMode};
use crate::error::{Error, ErrorKind, Result};

/// Makes TLS sessions as `config` asks; certificates are read here, and only those it needs.
///
/// # Errors
/// `Config`, naming the file, if a certificate or key cannot be read.
pub(super) fn connector(config: &TlsConfig) -> Result<MakeRustlsConnect> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Verifier {
        trust: trust(config)?,
        provider: Arc::clone(&provider),
    };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut client = match (&config.client_certificate, &config.client_key) {
        (Some(certificate), Some(key)) => {
            let key = PrivateKeyDer::from_pem_file(key).map_err(|err| unreadable(key, err))?;
            builder
                .with_client_auth_cert(certificates(certificate)?, key)
                .map_err(unusable)?
        }
        _ => builder.with_no_client_auth(),
    };
    // The name that `sslnegotiation=direct` requires; servers before version 17 ignore it.
    client.alpn_protocols = vec![b"postgresql".to_vec()];
    Ok(MakeRustlsConnect::new(client))
}

/// What a server's certificate must prove.
#[derive(Debug)]
enum Trust {
    /// Nothing: the line is encrypted, whoever listens at its end.
    Anyone,
    /// That one of these authorities signed it, and perhaps that it is for this very host.
    Authorities {
        roots: RootCertStore,
        /// The same as certificates: a server's own one may be trusted without any authority.
        pinned: Vec<CertificateDer<'static>>,
        checks_name: bool,
    },
}

fn trust(config: &TlsConfig) -> Result<Trust> {
    let checks_name = match (config.mode, &config.root_certificate) {
        (TlsMode::VerifyFull, _) => true,
        (TlsMode::VerifyCa, _) | (TlsMode::Require, Some(_)) => false,
        _ => return Ok(Trust::Anyone),
    };
    let given = config.root_certificate.as_deref();
    let pinned = match given.filter(|path| *path != Path::new("system")) {
        Some(path) => certificates(path)?,
        None => rustls_native_certs::load_native_certs().certs,
    };
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(pinned.iter().cloned());
    if roots.is_empty() {
        let message = "there are no trusted certificates to check the server's against";
        return Err(Error::new(ErrorKind::Config, message)
            .with_hint("name the authority's certificate as sslrootcert"));
    }
    Ok(Trust::Authorities {
        roots,
        pinned,
        checks_name,
    })
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|err| unreadable(path, err))
}

fn unreadable(path: &Path, err: rustls::pki_types::pem::Error) -> Error {
    let message = format!(
        "cannot read a PEM certificate or key from {}",
        path.display()
    );
    Error::new(ErrorKind::Config, message).with_source(err.to_string())
}

fn unusable(err: rustls::Error) -> Error {
    Error::new(
        ErrorKind::Config,
        "client certificate and key cannot be used",
    )
    .with_source(err)
}

/// Checks what [`Trust`] asks for, and always that the server holds its certificate's key.
#[derive(Debug)]
struct Verifier {
    trust: Trust,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Trust::Authorities {
            roots,
            pinned,
            checks_name,
        } = &self.trust
        else {
            return Ok(ServerCertVerified::assertion());
        };
        let certificate = ParsedCertificate::try_from(end_entity)?;
        // A self-signed certificate that is trusted itself has no chain that webpki accepts.
        if !pinned.iter().any(|trusted| trusted == end_entity) {
            let algorithms = self.provider.signature_verification_algorithms.all;
            verify_server_cert_signed_by_trust_anchor(
                &certificate,
                roots,
                intermediates,
                now,
                algorithms,
            )?;
        }
        if *checks_name {
            verify_server_name(&certificate, server_name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_verifying_modes_read_certificates() {
        for mode in [
            TlsMode::Disable,
            TlsMode::Allow,
            TlsMode::Prefer,
            TlsMode::Require,
        ] {
            check(mode, None, |trust| matches!(trust, Ok(Trust::Anyone)));
        }
    }

    #[test]
    fn a_root_certificate_makes_require_verify() {
        let missing = Some("/nowhere/root.crt");
        check(TlsMode::Prefer, missing, |trust| {
            matches!(trust, Ok(Trust::Anyone))
        });
        check(TlsMode::Require, missing, |trust| trust.is_err());
    }

    fn check(mode: TlsMode, root: Option<&str>, expected: impl Fn(Result<Trust>) -> bool) {
        let config = TlsConfig {
            mode,
            root_certificate: root.map(Into::into),
            ..TlsConfig::default()
        };
        assert!(expected(trust(&config)), "{mode:?} with {root:?}");
    }
}
