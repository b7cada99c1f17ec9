import { UNKNOWN } from '../../model/format.js';
import { HIGH_SHARE, type ShownKind, usedShare } from '../../model/map-layout.js';
import type { AgentRow } from '../../model/rows.js';

interface ShareProps {
  agent: AgentRow;
  kind: ShownKind;
  words: (amount: number) => string;
}

/** How much is free of how much, with a bar of what is used. */
export function Share({ agent, kind, words }: ShareProps) {
  const { free, total } = agent;
  if (free === null || total === null) return <span class="muted">{UNKNOWN}</span>;
  const used = usedShare(agent, kind) ?? 0;
  return (
    <span class="share">
      {words(free[kind])} of {words(total[kind])}
      <span class="bar" aria-hidden="true">
        <span class={used > HIGH_SHARE ? 'full' : ''} style={{ width: `${used * 100}%` }} />
      </span>
    </span>
  );
}
