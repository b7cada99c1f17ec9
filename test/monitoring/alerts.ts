/** What each alert of docs/monitoring/alerts.yml is tried with, in promtool's notation: samples a minute apart, from minute 0 on. */

type Series = Record<string, string>;

export interface Trial {
  alert: string;
  /** With these series it fires at `at`. */
  fires: Series;
  /** With these, which are near, it does not at `quietAt`. */
  quiet: Series;
  at: string;
  quietAt: string;
}

const replica = 'app="/a",slot="0",member="1"';
/** The same metric in both. */
const one = (alert: string, series: string, fires: string, quiet: string, at = '5m', quietAt = at): Trial => ({
  ...{ alert, at, quietAt },
  fires: { [series]: fires },
  quiet: { [series]: quiet },
});

/** Buckets of a histogram, of which the first is within the bound of the alert. */
function slow(alert: string, metric: string, labels: string, [within, above]: [string, string]): Trial {
  const buckets = (fast: string): Series => ({
    [`${metric}_bucket{${labels}le="${within}"}`]: fast,
    [`${metric}_bucket{${labels}le="${above}"}`]: '0+60x40',
    [`${metric}_bucket{${labels}le="+Inf"}`]: '0+60x40',
  });
  return { alert, at: '30m', quietAt: '30m', fires: buckets('0x40'), quiet: buckets('0+60x40') };
}

const state = (name: string) => `gaia_app_group_state{app="/a",state="${name}"}`;

export const trials: Trial[] = [
  one('GaiaSchedulerDown', 'up{job="gaia",instance="a"}', '0x9', '1 0 1x7'),
  {
    alert: 'GaiaNoLeader',
    at: '5m',
    quietAt: '5m',
    fires: { 'gaia_leading{instance="a"}': '0x9', 'gaia_leading{instance="b"}': '1 1 stale' },
    quiet: { 'gaia_leading{instance="a"}': '0x9', 'gaia_leading{instance="b"}': '1x9' },
  },
  one('GaiaMasterLost', 'gaia_master_connected', '0x9', '0 0 1x7'),
  one('GaiaMasterSilent', 'gaia_master_heard_timestamp_seconds', '0x9', '0+60x9'),
  one('GaiaCallsLost', 'gaia_master_calls_lost_total', '0+2x30', '0x10 3x20', '25m'),
  one('GaiaEventsPile', 'gaia_events_waiting', '2000x9', '2000 2000 9x7'),
  one('GaiaStoreHangs', 'gaia_store_writing_seconds', '6x9', '4x9'),
  slow('GaiaStoreSlow', 'gaia_store_write_seconds', '', ['0.5', '1']),
  one('GaiaCertificateExpires', 'gaia_certificate_expiry_timestamp_seconds', '1000000x90', '1300000x90', '70m'),
  one('GaiaAppWaits', 'gaia_queue_oldest_wait_seconds', '1000x9', '800x9'),
  one('GaiaTasksFail', 'gaia_tasks_failed_total', '0+2x20', '0 1 2 3x17', '16m'),
  one('GaiaDeploymentStuck', 'gaia_deployments_oldest_step_seconds', '700x9', '500x9'),
  one('GaiaDeploymentFailed', 'gaia_deployments_ended_total{result="failed"}', '0 0 1x7', '1x9'),
  {
    alert: 'GaiaGroupLost',
    at: '5m',
    quietAt: '5m',
    fires: { [state('lost')]: '1x9' },
    quiet: { [state('forming')]: '1x9' },
  },
  one('GaiaGroupWithoutQuorum', state('noQuorum'), '_ 1x9', '_ _ _ _ 1x9', '5m', '4m'),
  one('GaiaGroupDegraded', state('degraded'), '1x20', '1x20', '11m', '9m'),
  one('GaiaDivergence', `gaia_replica_divergences_total{${replica}}`, '1x9', '0x9'),
  one('GaiaLeaderChanges', 'gaia_group_leader_changes_total{app="/a"}', '0+1x70', '0 1 2 3x67', '65m'),
  one('GaiaReplicaLags', `gaia_replica_lag_entries{${replica}}`, '20000x9', '20000x9', '6m', '4m'),
  {
    alert: 'GaiaReplicaCutOff',
    at: '8m',
    quietAt: '8m',
    fires: { [`gaia_replica_connected{${replica},peer="2",transport="none"}`]: '0x9' },
    quiet: {
      [`gaia_replica_connected{${replica},peer="2",transport="none"}`]: '0x2 stale',
      [`gaia_replica_connected{${replica},peer="2",transport="tcp"}`]: '_x3 1x9',
    },
  },
  slow('GaiaCommitsSlow', 'gaia_replica_commit_latency_seconds', 'app="/a",', ['0.1', '0.25']),
  {
    alert: 'GaiaStrangersAtReplica',
    at: '5m',
    quietAt: '5m',
    fires: { [`gaia_replica_refused_connections_total{${replica},cause="badSecret"}`]: '0 0 1x7' },
    quiet: { [`gaia_replica_refused_connections_total{${replica},cause="stalled"}`]: '0 0 1x7' },
  },
  {
    alert: 'GaiaGuestUncovered',
    at: '16m',
    quietAt: '14m',
    fires: { [`gaia_guest_standing{${replica},standing="alone"}`]: '1x20' },
    quiet: {
      [`gaia_guest_standing{${replica},standing="alone"}`]: '1x20',
      'gaia_guest_standing{app="/b",slot="0",member="1",standing="covered"}': '1x20',
    },
  },
  one('GaiaGuestUnheard', `gaia_guest_unheard_seconds{${replica}}`, '40x9', '10x9'),
];
