/** Run as a process that its test kills: writes numbered settings and says each one once it is stored. */
import { pino } from 'pino';
import { openStore } from '../../../src/main/store/store.ts';

const [directory = ''] = process.argv.slice(2);
const { state } = await openStore(directory, { log: pino({ level: 'silent' }), clock: { now: () => 1 } });
for (let n = 0; ; n += 1) {
  await state.write.transaction().execute(async (trx) => {
    await trx.insertInto('setting').values({ key: `a${n}`, json: '1' }).execute();
    await trx.insertInto('setting').values({ key: `b${n}`, json: '1' }).execute();
  });
  process.stdout.write(`${n}\n`);
}
