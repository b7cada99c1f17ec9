import { Refusals } from '../queue-page.js';
import type { PlanJson } from './verdict.js';

/** Where the tasks would go now. */
export function PlanView({ plan }: { plan: PlanJson | null }) {
  if (plan === null) return null;
  const { exists } = plan;
  const { assigned, unplaced } = plan.plan;
  return (
    <section class="panel" aria-label="Where it would go">
      <h2>Where it would go now</h2>
      {exists && <p class="muted">As if it had no tasks yet: those that run may stay where they are.</p>}
      {assigned.length > 0 && (
        <table class="scores">
          <thead>
            <tr>
              <th scope="col">Slot</th>
              <th scope="col">Agent</th>
              <th scope="col">Ports</th>
              <th scope="col">Score</th>
            </tr>
          </thead>
          <tbody>
            {assigned.map(({ slot, hostname, ports, score }) => (
              <tr key={slot}>
                <th scope="row">{slot}</th>
                <td>{hostname}</td>
                <td>{ports.join(', ')}</td>
                <td>{score.toFixed(3)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {unplaced.map(({ slots, sentence, refusals }) => (
        <div key={slots.join()}>
          <p class="busy">
            Slots {slots.join(', ')} do not fit: {sentence}
          </p>
          <Refusals refusals={refusals} />
        </div>
      ))}
    </section>
  );
}
