/**
 * The program of a mover thread: one task after the other. Each processor starts one of these for a job, so it loads what moves bytes
 * and nothing else: no sentences, no schemas, no inspection (tests/unit/disks/thread-imports.spec.ts watches over that).
 */
import { parentPort } from 'node:worker_threads';
import type { MoverReply } from './crew.ts';
import { packError } from './error-transfer.ts';
import type { DiskFile } from './disk-engine.ts';
import { runMover } from './mover.ts';
import { withTaskFiles, type MoverTask } from './mover-task.ts';
import type { PortableFile } from './places/place-link.ts';
import { attach, detach } from './places/port-place.ts';

const port = parentPort;
const reply = (answer: MoverReply): void => port?.postMessage(answer);
port?.on('message', (portable: MoverTask<PortableFile>) => {
  const files: DiskFile[] = [];
  const task = withTaskFiles(portable, (file) => {
    const attached = attach(file);
    files.push(attached);
    return attached;
  });
  runMover(task)
    .finally(() => files.forEach(detach))
    .then(
      (answer) => reply({ ok: true, answer }),
      (error: unknown) => reply({ ok: false, error: packError(error) }),
    );
});
