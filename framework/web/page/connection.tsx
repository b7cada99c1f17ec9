import type { Connection } from '../model/cluster-state.js';
import { duration } from '../model/format.js';
import { useNow } from './clock.js';
import { useCluster } from './store.js';

/** Whether what is shown is of now. */
export function ConnectionNotice() {
  const connection = useCluster((state) => state.connection);
  const master = useCluster((state) => state.master);
  document.body.dataset.connection = connection.state === 'live' ? 'live' : 'reconnecting';
  return (
    <>
      {connection.state === 'live' ? <p class="connection good">live</p> : <Stale connection={connection} />}
      {master !== null && !master.connected && (
        <p class="banner bad" role="status">
          No Mesos master is connected: running tasks go on, changes wait.
        </p>
      )}
    </>
  );
}

function Stale({ connection: { heardAtMs, reason } }: { connection: Connection }) {
  const nowMs = useNow();
  const text = heardAtMs === null ? 'connecting' : `as of ${duration(nowMs - heardAtMs)} ago, reconnecting`;
  return (
    <p class={heardAtMs === null ? 'connection' : 'connection bad'} title={reason ?? ''}>
      <span role="status">{heardAtMs === null ? 'connecting' : 'The connection is lost; reconnecting'}</span>
      <span class="detail">
        {text}
        {reason !== null && `: ${reason}`}
      </span>
    </p>
  );
}
