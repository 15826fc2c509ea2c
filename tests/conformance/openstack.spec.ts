/** The connector against the simulator: what every connector must do. */
import { systemClock } from '../../src/main/clock.ts';
import { OpenStackConnector } from '../../src/main/platforms/openstack/openstack-connector.ts';
import { openStackSettings } from '../../src/main/platforms/openstack/settings.ts';
import { OpenStackSimulator, simulatorUser } from '../simulators/openstack/openstack-simulator.ts';
import { connectorSuite } from './connector-suite.ts';

connectorSuite('openstack', async () => {
  const simulator = await OpenStackSimulator.start();
  const { data } = simulator;
  const base = data.addImage({ name: 'base', properties: { hw_firmware_type: 'uefi', hw_video_model: 'virtio' } });
  return {
    connector: new OpenStackConnector(openStackSettings.parse(simulator.settings), { password: simulatorUser.password }, {
      clock: systemClock, environment: {}, http: { firstDelayMs: 1 }, sleep: () => Promise.resolve(),
    }),
    longestName: 255,
    canRevert: false,
    addVm: (name) => Promise.resolve(data.addServer({ name, image: base.id }).id),
    removeVm: (id) => {
      data.servers.delete(id);
      return Promise.resolve();
    },
    touchVm: (id) => {
      const server = data.servers.get(id);
      if (server !== undefined) Object.assign(server, { name: `${server.name} touched`, updatedAt: data.now() });
      return Promise.resolve();
    },
    makeReadOnly: () => {
      simulator.roles = ['reader'];
      simulator.expireTokens();
      return Promise.resolve();
    },
    dispose: () => simulator.stop(),
  };
});
