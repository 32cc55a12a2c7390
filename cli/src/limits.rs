//! How gently the source is treated, as the command line and the pipeline file say it.

use clap::Args;
use schemars::JsonSchema;
use serde::Deserialize;
use towpath_engine::pipeline::SourceLimits;

use crate::size::{ByteSize, Span};

/// How gently the source is treated.
#[derive(Args, Clone, Copy, Debug, Default)]
#[command(next_help_heading = "Limits")]
pub(crate) struct LimitArgs {
    /// Connections to the source at the same time, all of towpath's counted; 3 or more
    #[arg(long, value_name = "N")]
    pub(crate) max_connections: Option<u16>,
    /// Bytes of rows that are read per second, by all connections together
    #[arg(long, value_name = "SIZE")]
    pub(crate) max_bytes_per_second: Option<ByteSize>,
    /// Pause while more sessions of others than this are active at the source
    #[arg(long, value_name = "N")]
    pub(crate) pause_above_active_sessions: Option<u32>,
    /// Pause while a replica of the source is farther behind than this, as 10s
    #[arg(long, value_name = "TIME")]
    pub(crate) pause_above_replica_lag: Option<Span>,
}

/// How gently the source is treated; nothing is limited that is missing.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SourceLimitsFile {
    /// Connections at the same time, all of towpath's counted: 3 or more.
    max_connections: Option<u16>,
    /// Bytes of rows that are read per second, by all connections together, as `50MB`.
    max_bytes_per_second: Option<String>,
    /// When reading pauses.
    pause_above: Option<PauseAboveFile>,
}

/// Reading pauses while the source is above one of these.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PauseAboveFile {
    /// Sessions of others that are active.
    active_sessions: Option<u32>,
    /// How far a replica of the source is behind, or the source if it is one, as `10s`.
    replica_lag: Option<String>,
}

impl SourceLimitsFile {
    /// The same as arguments; what is wrong is told with the key's path.
    pub(crate) fn args(self, mut report: impl FnMut(&str, String)) -> LimitArgs {
        let PauseAboveFile {
            active_sessions,
            replica_lag,
        } = self.pause_above.unwrap_or_default();
        let rate = self.max_bytes_per_second.map(|text| text.parse());
        let lag = replica_lag.map(|text| text.parse());
        LimitArgs {
            max_connections: self.max_connections,
            max_bytes_per_second: rate.and_then(|rate| {
                rate.map_err(|message| report("max_bytes_per_second", message))
                    .ok()
            }),
            pause_above_active_sessions: active_sessions,
            pause_above_replica_lag: lag.and_then(|lag| {
                lag.map_err(|message| report("pause_above.replica_lag", message))
                    .ok()
            }),
        }
    }
}

impl LimitArgs {
    /// These, and those of `other` for what they do not say.
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            max_connections: self.max_connections.or(other.max_connections),
            max_bytes_per_second: self.max_bytes_per_second.or(other.max_bytes_per_second),
            pause_above_active_sessions: self
                .pause_above_active_sessions
                .or(other.pause_above_active_sessions),
            pause_above_replica_lag: self
                .pause_above_replica_lag
                .or(other.pause_above_replica_lag),
        }
    }
}

impl From<LimitArgs> for SourceLimits {
    fn from(args: LimitArgs) -> Self {
        Self {
            max_connections: args.max_connections.map(usize::from),
            max_bytes_per_second: args.max_bytes_per_second.map(|ByteSize(size)| size as u64),
            active_sessions: args.pause_above_active_sessions.map(u64::from),
            replica_lag: args.pause_above_replica_lag.map(|Span(span)| span),
        }
    }
}
