// The schemas behind the model must be built without `eval`: this comes before anything that makes one.
import '../shared/contract/jitless.ts';
import 'element-plus/dist/index.css';
import './styles/tokens.css';
import './styles/base.css';
import './styles/element.css';
import { createPinia } from 'pinia';
import { createApp } from 'vue';
import App from './App.vue';
import { Client, clientKey } from './api/client.ts';
import { createTransport } from './api/transport.ts';
import { composerKey, createTexts, systemLocale } from './i18n.ts';
import { createAppRouter } from './router.ts';

const texts = createTexts(systemLocale());
createApp(App)
  .provide(clientKey, new Client(createTransport()))
  .provide(composerKey, texts.global)
  .use(createPinia())
  .use(texts)
  .use(createAppRouter())
  .mount('#app');
