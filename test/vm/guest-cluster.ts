/** A local cluster with one app, the guest to try. */
import { type GuestImage, prepareGuestImage } from '../../framework/guest/image.js';
import { System } from '../e2e/system.js';
import { GuestApp } from './guest-app.js';

export const app = '/demo/guest';

export class GuestCluster extends GuestApp {
  private constructor(
    system: System,
    private readonly image: GuestImage,
  ) {
    super(system, app);
  }

  static async start(agents: number): Promise<GuestCluster> {
    const image = prepareGuestImage();
    return new GuestCluster(await System.start({ agents }), image);
  }

  /** `vm` beside what a guest with redis-server needs; `rest` of the app. */
  async deploy(vm: object, rest: object): Promise<void> {
    const commandLine = 'quiet nokaslr no_timer_check mitigations=off';
    const container = { type: 'VM', vm: { ...this.image, memory: 128, commandLine, ports: [6379], ...vm } };
    await this.system.deploy({ id: app, backoffSeconds: 0, container, ...rest });
  }
}
