import { UNKNOWN } from '../model/format.js';
import { useCluster } from './store.js';

/** Who answers, and through which master. */
export function Footer() {
  const version = useCluster((state) => state.version);
  const leader = useCluster((state) => state.leader);
  const master = useCluster((state) => state.master);
  return (
    <footer>
      GAIA {version ?? UNKNOWN}, scheduler at {leader ?? UNKNOWN}, Mesos master at {master?.address ?? UNKNOWN}
    </footer>
  );
}
