/** The present, a few times a minute, for ages: one timer for the whole window. */
import { onScopeDispose, readonly, ref, type Ref } from 'vue';

const tickMs = 5000;
const now = ref(Date.now());
let users = 0;
let timer: ReturnType<typeof setInterval> | null = null;

/** Epoch ms, refreshed every few seconds; only inside `setup`. */
export function useNow(): Readonly<Ref<number>> {
  users += 1;
  now.value = Date.now();
  timer ??= setInterval(() => (now.value = Date.now()), tickMs);
  onScopeDispose(() => {
    users -= 1;
    if (users > 0 || timer === null) return;
    clearInterval(timer);
    timer = null;
  });
  return readonly(now);
}
