/** The guest alone: what an app with one virtual machine has. */
import { TestMachine } from '../../vm/machine.js';
import { type Arrangement, boot, type Place, stockMachine } from './arrangement.js';

export async function start({ network, ports }: Place): Promise<Arrangement> {
  const machine = await TestMachine.start(stockMachine(ports), {}, [], network.at('primary'));
  const stop = () => machine.kill();
  try {
    await boot(machine);
    return { ports, primary: { qemu: machine.pid, beside: null }, rounds: [], stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
