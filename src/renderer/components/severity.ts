/** How severities look: the sign, the tone and the words for them, the same on every page. */
import { CircleCheckFilled, CircleCloseFilled, InfoFilled, QuestionFilled, RemoveFilled, WarningFilled } from '@element-plus/icons-vue';
import type { Component } from 'vue';
import type { Severity, Verdict } from '../../shared/model/finding.ts';
import type { TextKey } from '../i18n.ts';

export interface SeverityLook {
  icon: Component;
  tone: 'ok' | 'info' | 'warning' | 'error' | 'neutral';
  title: TextKey;
}

export const severityLooks: Record<Severity | Verdict, SeverityLook> = {
  ready: { icon: CircleCheckFilled, tone: 'ok', title: 'app.verdict.ready' },
  blocking: { icon: RemoveFilled, tone: 'error', title: 'app.verdict.blocking' },
  error: { icon: CircleCloseFilled, tone: 'error', title: 'app.verdict.error' },
  warning: { icon: WarningFilled, tone: 'warning', title: 'app.verdict.warning' },
  unknown: { icon: QuestionFilled, tone: 'neutral', title: 'app.verdict.unknown' },
  info: { icon: InfoFilled, tone: 'info', title: 'app.verdict.info' },
};

const order: readonly Severity[] = ['blocking', 'error', 'warning', 'unknown', 'info'];

/** For sorting: the worst first. */
export function severityRank(severity: Severity): number {
  return order.indexOf(severity);
}
