/** Which proxy, if any, stands between here and an address: the platform's own setting, else the customary environment variables. */

export interface ProxySetting {
  /** `http://proxy:3128`, without user and password. */
  url: string;
  user?: string | undefined;
  password?: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Null where the address is reached directly. A setting counts for every address but this computer's own. */
export function proxyFor(url: URL, setting: ProxySetting | null, environment: Environment): URL | null {
  if (isLoopback(url.hostname)) return null;
  if (setting !== null) return withUser(new URL(setting.url), setting);
  const read = (name: string): string => environment[name] ?? environment[name.toUpperCase()] ?? '';
  if (isExcepted(url, read('no_proxy'))) return null;
  // A web server turns a request's `Proxy` header into HTTP_PROXY, so only the spelling that it cannot set counts.
  const own = url.protocol === 'https:' ? read('https_proxy') : (environment['http_proxy'] ?? '');
  const text = own === '' ? read('all_proxy') : own;
  if (text === '') return null;
  const address = text.includes('://') ? text : `http://${text}`;
  const parsed = URL.canParse(address) ? new URL(address) : null;
  return parsed !== null && (parsed.protocol === 'http:' || parsed.protocol === 'https:') ? parsed : null;
}

function withUser(url: URL, { user, password }: ProxySetting): URL {
  if (user !== undefined) url.username = encodeURIComponent(user);
  if (password !== undefined) url.password = encodeURIComponent(password);
  return url;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** `no_proxy`: names and their sub-domains, `host:port`, or `*`. */
function isExcepted(url: URL, list: string): boolean {
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  return list.split(/[\s,]+/).filter((item) => item !== '').some((item) => {
    if (item === '*') return true;
    const [, name = '', only] = /^(.*?)(?::(\d+))?$/.exec(item.toLowerCase()) ?? [];
    if (only !== undefined && only !== port) return false;
    const bare = name.replace(/^\*?\./, '');
    return url.hostname === bare || url.hostname.endsWith(`.${bare}`);
  });
}
