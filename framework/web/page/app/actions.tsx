/** The buttons of an app. Each asks before it does anything. */
import { useState } from 'preact/hooks';
import type { AppRow } from '../../model/rows.js';
import { Dialog, ForceChoice, forceIn } from '../dialog.js';
import { Link } from '../navigation.js';
import { say, sayDeployment } from '../notice.js';
import { appPath, askJson } from '../session.js';
import { useCluster } from '../store.js';
import { useMayChange } from '../user.js';

type Action = 'Scale' | 'Restart' | 'Transfer leadership' | 'Fail over';

interface DialogOf {
  app: AppRow;
  onClose: () => void;
}

export function Actions({ app }: { app: AppRow }) {
  const mayChange = useMayChange();
  const [asked, setAsked] = useState<Action | null>(null);
  if (!mayChange) return null;
  const onClose = () => setAsked(null);
  return (
    <div class="buttons">
      {actionsOf(app).map((action) => (
        <button key={action} type="button" onClick={() => setAsked(action)}>
          {action}
        </button>
      ))}
      <Link to={{ page: 'edit', appId: app.id }} class="button">
        Edit
      </Link>
      {asked === 'Scale' && <Scale app={app} onClose={onClose} />}
      {asked === 'Restart' && <Restart app={app} onClose={onClose} />}
      {asked === 'Transfer leadership' && <Transfer app={app} onClose={onClose} />}
      {asked === 'Fail over' && <FailOver app={app} onClose={onClose} />}
    </div>
  );
}

function actionsOf({ replicated, vm }: AppRow): Action[] {
  if (!replicated) return ['Scale', 'Restart'];
  return vm ? ['Restart', 'Fail over'] : ['Scale', 'Restart', 'Transfer leadership'];
}

function Scale({ app, onClose }: DialogOf) {
  const scale = async (fields: FormData) => {
    const instances = Number(fields.get('instances'));
    const path = `${appPath(app.id)}${forceIn(fields)}`;
    sayDeployment(`${app.id} is to have ${instances}`, await askJson(path, { method: 'PUT', body: { instances } }));
  };
  return (
    <Dialog title={`Scale ${app.id}?`} word="Scale" onConfirm={scale} onClose={onClose}>
      <p>
        It has {app.instances} {app.replicated ? 'replicas' : 'instances'} now.
      </p>
      <label class="field">
        {app.replicated ? 'Replicas' : 'Instances'}
        <input name="instances" type="number" min="0" step="1" required defaultValue={app.instances} />
      </label>
      <ForceChoice />
    </Dialog>
  );
}

function Restart({ app, onClose }: DialogOf) {
  const restart = async (fields: FormData) =>
    sayDeployment(
      `${app.id} restarts`,
      await askJson(`${appPath(app.id, 'restart')}${forceIn(fields)}`, { method: 'POST' }),
    );
  return (
    <Dialog title={`Restart ${app.id}?`} word="Restart" onConfirm={restart} onClose={onClose}>
      <p>All of its tasks are replaced, a few at a time{app.replicated ? '; a majority of the group stays' : ''}.</p>
      <ForceChoice />
    </Dialog>
  );
}

function FailOver({ app, onClose }: DialogOf) {
  const failOver = async () => {
    await askJson(appPath(app.id, 'guest/failover'), { method: 'POST' });
    say(`${app.id}: the backup is to go on as the primary`);
  };
  return (
    <Dialog title={`Another primary for ${app.id}?`} word="Fail over" onConfirm={failOver} onClose={onClose}>
      <p>
        The backup of the guest goes on as its primary, after one more round. It is refused while no backup covers the
        guest.
      </p>
    </Dialog>
  );
}

function Transfer({ app, onClose }: DialogOf) {
  const tasks = useCluster((state) => state.tasksOfApp.get(app.id)) ?? [];
  const leader = app.group?.leader?.slot;
  const others = tasks.flatMap(({ slot }) => (slot === undefined || slot === leader ? [] : [slot]));
  const transfer = async (fields: FormData) => {
    const slot = String(fields.get('slot'));
    const body = slot === '' ? {} : { slot: Number(slot) };
    await askJson(appPath(app.id, 'leader'), { method: 'POST', body });
    say(`${app.id}: leadership is on its way to ${slot === '' ? 'the most current follower' : `slot ${slot}`}`);
  };
  return (
    <Dialog title={`Another leader for ${app.id}?`} word="Transfer leadership" onConfirm={transfer} onClose={onClose}>
      <p>
        {leader === undefined ? 'Nobody is known to lead now.' : `Slot ${leader} leads now.`} Clients of the leader
        reconnect.
      </p>
      <label class="field">
        To
        <select name="slot">
          <option value="">the most current follower</option>
          {[...new Set(others)].sort().map((slot) => (
            <option key={slot} value={slot}>
              slot {slot}
            </option>
          ))}
        </select>
      </label>
    </Dialog>
  );
}
