import './styles/base.css';
import 'element-plus/theme-chalk/base.css';
import './styles/tokens.css';
import './styles/element.css';
import { createPinia } from 'pinia';
import { createApp } from 'vue';
import App from './App.vue';
import { Client, clientKey } from './api/client.ts';
import { toErrorView } from './api/error-view.ts';
import { createTransport } from './api/transport.ts';
import { composerKey, createTexts, systemLocale } from './i18n.ts';
import { createAppRouter } from './router.ts';
import { useSettings } from './stores/settings.store.ts';
import { useToasts } from './stores/toasts.store.ts';

/** The choices of the person come before the first paint, or the window would flash in the wrong theme and language. */
const settingsWaitMs = 1000;

const texts = createTexts(systemLocale());
const transport = createTransport();
const app = createApp(App)
  .provide(clientKey, new Client(transport))
  .provide(composerKey, texts.global)
  .use(createPinia())
  .use(texts);

const { settings, toasts } = app.runWithContext(() => ({ settings: useSettings(), toasts: useToasts() }));
const loaded = settings.load().catch((error: unknown) => toasts.showError(toErrorView(error), 'settings.get'));
// The router reads the address, which holds a token until then.
await transport.ready;
await Promise.race([loaded, new Promise((resolve) => setTimeout(resolve, settingsWaitMs))]);

const isOpenedPlain = ['', '#', '#/'].includes(location.hash);
const place = settings.lastPlace();
if (isOpenedPlain && place !== null) location.replace(`#${place}`);
app.use(createAppRouter()).mount('#app');
