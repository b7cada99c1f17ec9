import { useMemo, useState } from 'preact/hooks';
import { agentsFound, placeOf } from '../../model/domains.js';
import { count, megabytes, short } from '../../model/format.js';
import type { AgentRow } from '../../model/rows.js';
import { Search } from '../search.js';
import { useCluster, useIsKnown } from '../store.js';
import { type Column, Table } from '../table.js';
import { AgentPanel } from './agent-panel.js';
import { ClusterMap } from './map.js';
import { Share } from './share.js';

export function MapPage() {
  const agents = useCluster((state) => state.agents);
  const tasks = useCluster((state) => state.tasksOfAgent);
  const isKnown = useIsKnown();
  const [search, setSearch] = useState('');
  const [chosen, setChosen] = useState<string | null>(null);
  const all = useMemo(() => [...agents.values()], [agents]);
  const rows = useMemo(() => agentsFound(all, tasks, search), [all, tasks, search]);
  const found = useMemo(() => (search === '' ? null : new Set(rows.map(({ id }) => id))), [rows, search]);
  const tasksAt = (agentId: string) => tasks.get(agentId)?.length ?? 0;
  const agent = chosen === null ? undefined : agents.get(chosen);
  return (
    <>
      <div class="heading">
        <h1>Map of the cluster</h1>
        <Search value={search} onSearch={setSearch} hint="agent, zone, rack or app" />
      </div>
      <p class="summary" role="status">
        {isKnown ? `${count(rows.length, 'agent')}${found === null ? '' : ` of ${agents.size}`}` : ''}
      </p>
      {all.length > 0 && (
        <div class="mapside">
          <ClusterMap agents={all} tasksAt={tasksAt} found={found} chosen={chosen} onChoose={setChosen} />
          <AgentPanel agent={agent} tasks={agent === undefined ? [] : (tasks.get(agent.id) ?? [])} />
        </div>
      )}
      <h2>The same as a table</h2>
      <Table
        caption="Agents"
        columns={columnsOf(tasksAt, setChosen)}
        rows={rows}
        keyOf={({ id }) => id}
        empty={isKnown ? 'No agent is known that has this.' : 'Not known yet.'}
      />
    </>
  );
}

function columnsOf(tasksAt: (agentId: string) => number, choose: (agentId: string) => void): Column<AgentRow>[] {
  return [
    {
      name: 'Agent',
      head: true,
      cell: ({ id, hostname }) => (
        <button type="button" class="link" onClick={() => choose(id)}>
          {hostname}
        </button>
      ),
    },
    { name: 'Place', kind: 'wide', cell: placeOf },
    { name: 'Free cpus', kind: 'number', cell: (agent) => <Share agent={agent} kind="cpus" words={short} /> },
    { name: 'Free memory', kind: 'wide number', cell: (agent) => <Share agent={agent} kind="mem" words={megabytes} /> },
    { name: 'Free disk', kind: 'wide number', cell: (agent) => <Share agent={agent} kind="disk" words={megabytes} /> },
    { name: 'Tasks', kind: 'number', cell: ({ id }) => tasksAt(id) },
  ];
}
