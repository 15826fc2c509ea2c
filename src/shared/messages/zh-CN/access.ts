import type { accessEn } from '../en/access.ts';

export const accessZh: Record<keyof typeof accessEn, string> = {
  FILE_GRANT_UNKNOWN: '该文件选择已失效。请重新选择文件。',
  HOST_UNREACHABLE: 'Goldpress 没有响应。请确认它仍在运行；本页面会自动重新连接。',
  COMMAND_NOT_ALLOWED: '“{command}”只能从命令行调用。',
  SESSION_UNKNOWN: '此页面与 Goldpress 的会话已失效。请再次运行 `npm start` 或 `goldpress serve` 以获取新地址。',
  ORIGIN_REFUSED: '请求来自其他页面或使用了其他主机名，已拒绝。',
  HOST_KEY_WRONG: '请求未携带本主机进程的密钥，已拒绝。',
  HOST_BUSY: '另一个进程（编号 {pid}）占用了数据目录 {path}，但没有响应。请稍候；如果它已卡住，请结束它，或用 --data-dir 指定其他目录。',
  HOST_OTHER_VERSION: 'Goldpress {running} 正在运行（进程 {pid}），而当前版本为 {own}。请先结束正在运行的程序。',
  HOST_DATA_UNWRITABLE: '无法使用数据目录 {path}：{reason}。请使其可写，或用 --data-dir 指定其他目录。',
  HOST_RUNTIME_DIRECTORY_UNSAFE: '目录 {path} 属于其他用户，因此不会在其中创建套接字。请删除该目录，或使用路径更短的数据目录。',
  HOST_SOCKET_PATH_TOO_LONG: '路径 {path} 对本地套接字来说过长。请使用路径更短的数据目录。',
  HOST_SOCKET_FAILED: '无法打开本地套接字 {path}：{reason}。',
  HOST_LOST: '正在运行的 Goldpress 停止响应。其任务将在下次启动时继续；请重新执行该命令。',
  FILE_PATH_NOT_ABSOLUTE: '“{path}”不是完整路径。请从根目录（或从主目录 ~）写起。',
  FILE_NOT_THERE: '{path} 不存在。请检查名称，或确认其所在磁盘已接入。',
  FILE_NOT_A_DIRECTORY: '{path} 不是目录。请选择它所在的目录。',
  FILE_NOT_READABLE: '无法读取 {path}：{reason}。请检查其权限，或选择其他位置。',
  FILE_NAME_INVALID: '“{name}”不能作为文件名。请使用不含 /、\\ 和换行的名称。',
};
