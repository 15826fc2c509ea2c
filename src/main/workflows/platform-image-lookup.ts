/** What workflows need to know of a VDI image on a platform before they ask the platform, and what they tell once they changed it. */
import type { ExternalId, ImageId, PlatformId } from '../../shared/model/ids.ts';

export interface KnownPlatformImage {
  id: ImageId;
  platformId: PlatformId;
  platformName: string;
  externalId: ExternalId;
  name: string;
  /** Locked against change and deletion. */
  isGolden: boolean;
}

export interface PlatformImageLookup {
  /** Null when no listing ever had it, or it was swept. */
  find(id: ImageId): Promise<KnownPlatformImage | null>;
  /** A run has changed it: it is read again as soon as may be. Never fails a run. */
  refresh(image: { platformId: PlatformId; externalId: ExternalId }): Promise<void>;
}
