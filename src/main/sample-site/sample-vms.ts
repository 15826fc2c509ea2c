/**
 * Which VMs and images the sample site shows: names as they are met in the field, and one of each thing that goes wrong
 * there. Data only; `sample-site.ts` makes the files.
 */
import type { ClusterCompression } from '../../shared/model/disk.ts';
import type { SampleDiskName } from './sample-disks.ts';

const gibibyte = 1024 ** 3;

export interface SampleDocument {
  fileName: string;
  text: string;
}

export interface SampleVm {
  name: string;
  uuid: string;
  disk: SampleDiskName;
  diskFile: string;
  format: 'qcow2' | 'vhd';
  compression: ClusterCompression | null;
  firmware: 'uefi' | 'bios';
  video: 'virtio' | 'cirrus' | 'qxl' | 'vga';
  bus: 'virtio' | 'sata';
  vcpus: number;
  memoryBytes: number;
  /** libosinfo's id for the system, as virt-manager writes it; null = the definition does not say. */
  osinfo: string | null;
  document: SampleDocument | null;
}

const windows11Instructions = `# Windows 11 办公桌面 — how this image is made

1. Install Windows 11 23H2 Professional in a VM with **UEFI** firmware, one virtio disk and the \`virtio\` video card.
2. Load \`viostor\` and \`NetKVM\` from the virtio driver disk during setup, then install the remaining guest tools.
3. Install the office programs and the desktop agent; sign in once with the local account \`office\`.
4. Run Windows Update until nothing is left, restart, empty the recycle bin and shut down.

Publish for VOI as **VHD**. Do not switch on BitLocker in this VM: an encrypted disk cannot be published.
`;

const ubuntuInstructions = `How the Ubuntu 24.04 desktop is made
====================================
Boot mode: UEFI. Video card: virtio. Disk: virtio, 40 GiB.

1. Install ubuntu-24.04.1-desktop-amd64 with the default partitions.
2. apt update && apt full-upgrade
3. Install qemu-guest-agent and the desktop agent.
4. cloud-init clean --logs, then shut down.
`;

const kylinInstructions = `# 银河麒麟桌面 V10 SP1 镜像制作说明

1. 使用 Kylin-Desktop-V10-SP1 安装光盘，以 **UEFI** 方式安装，系统盘 50 GiB。
2. 显卡选择 \`virtio\`。
3. 安装桌面代理，激活系统，清理软件包缓存后关机。

注意：本镜像只能以 UEFI 方式启动，创建虚拟机时请勿选择 BIOS。
`;

export const sampleVms: readonly SampleVm[] = [
  {
    name: 'Windows 11 办公桌面', uuid: '3c5b2f0a-6d1e-4a7b-9c48-1f0e2d3c4b51', disk: 'windows-11', diskFile: 'win11-office.qcow2', format: 'qcow2', compression: null,
    firmware: 'uefi', video: 'virtio', bus: 'virtio', vcpus: 4, memoryBytes: 8 * gibibyte, osinfo: 'http://microsoft.com/win/11',
    document: { fileName: '制作说明.md', text: windows11Instructions },
  },
  {
    name: 'ubuntu-24.04-desktop', uuid: '5e8d1c7b-2f3a-4b69-8d17-0a9b8c7d6e52', disk: 'ubuntu-24.04', diskFile: 'ubuntu-24.04-desktop.qcow2', format: 'qcow2', compression: null,
    firmware: 'uefi', video: 'virtio', bus: 'virtio', vcpus: 4, memoryBytes: 4 * gibibyte, osinfo: 'http://ubuntu.com/ubuntu/24.04',
    document: { fileName: 'how-it-is-made.txt', text: ubuntuInstructions },
  },
  {
    // Starts by BIOS, and says so.
    name: 'debian-12-kiosk', uuid: '7a1f4e2d-8b5c-4d3e-a6f0-2b3c4d5e6f53', disk: 'debian-12', diskFile: 'debian-12-kiosk.qcow2', format: 'qcow2', compression: null,
    firmware: 'bios', video: 'virtio', bus: 'virtio', vcpus: 2, memoryBytes: 2 * gibibyte, osinfo: 'http://debian.org/debian/12', document: null,
  },
  {
    // The definition says BIOS, but the disk can only start by UEFI.
    name: '银河麒麟桌面 V10', uuid: '9d2e6b3c-4a7f-4c81-b5d9-3e4f5a6b7c54', disk: 'kylin-v10', diskFile: 'kylin-v10-sp1.qcow2', format: 'qcow2', compression: null,
    firmware: 'bios', video: 'virtio', bus: 'virtio', vcpus: 4, memoryBytes: 4 * gibibyte, osinfo: null,
    document: { fileName: '镜像制作说明.md', text: kylinInstructions },
  },
  {
    // The old video card, and a disk without virtio drivers.
    name: 'win10-ltsc-training-room', uuid: 'b4f83a5e-1c6d-4e92-87a3-4f5a6b7c8d55', disk: 'windows-10', diskFile: 'win10-ltsc.qcow2', format: 'qcow2', compression: null,
    firmware: 'uefi', video: 'cirrus', bus: 'sata', vcpus: 2, memoryBytes: 4 * gibibyte, osinfo: 'http://microsoft.com/win/10', document: null,
  },
  {
    // Compressed clusters.
    name: 'rocky-9-engineering', uuid: 'c6a94b7f-3d8e-4fa1-9b24-5a6b7c8d9e56', disk: 'rocky-9', diskFile: 'rocky-9-engineering.qcow2', format: 'qcow2', compression: 'zstd',
    firmware: 'uefi', video: 'virtio', bus: 'virtio', vcpus: 8, memoryBytes: 16 * gibibyte, osinfo: 'http://rockylinux.org/rocky/9', document: null,
  },
  {
    // A VHD, as a Hyper-V host leaves it.
    name: 'win7-branch-counter', uuid: 'd8b05c91-5e9f-4ab2-8c35-6b7c8d9e0f57', disk: 'windows-7', diskFile: 'win7-branch-counter.vhd', format: 'vhd', compression: null,
    firmware: 'bios', video: 'virtio', bus: 'virtio', vcpus: 2, memoryBytes: 2 * gibibyte, osinfo: 'http://microsoft.com/win/7', document: null,
  },
];

/** A disk that no definition describes. */
export const sampleBareDisk = { diskFile: 'uos-desktop-20.img', disk: 'uos-20' } as const;

/** A VDI image with the document that came with it, in the folder that the library keeps images in. */
export const sampleImage = {
  folder: 'win10-ltsc-2021-vdi',
  diskFile: 'win10-ltsc-2021-vdi.qcow2',
  disk: 'windows-10',
  document: {
    fileName: 'README.md',
    text: `# win10-ltsc-2021-vdi

System image for VDI desktops, released with the platform.

- **Boot mode:** UEFI. A platform without UEFI needs the Legacy build of this image.
- **Video card:** set it to \`virtio\` after the upload; never \`cirrus\`.
- **Sign-in:** the account and its password are set on *VDI Images → System Images*.
`,
  },
} as const;
