/**
 * The program of a mover thread: one task after the other. Each processor starts one of these for a job, so it loads what moves bytes
 * and nothing else: no sentences, no schemas, no inspection (tests/unit/disks/thread-imports.spec.ts watches over that).
 */
import { parentPort } from 'node:worker_threads';
import type { MoverReply } from './crew.ts';
import { packError } from './error-transfer.ts';
import { runMover, type MoverTask } from './mover.ts';

const port = parentPort;
const reply = (answer: MoverReply): void => port?.postMessage(answer);
port?.on('message', (task: MoverTask) => {
  runMover(task).then(
    (answer) => reply({ ok: true, answer }),
    (error: unknown) => reply({ ok: false, error: packError(error) }),
  );
});
