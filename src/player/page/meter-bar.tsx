import type { ReactElement } from 'react'
import type { Meter } from '#bridge/shapes.ts'
import { Amount } from '#ui/amount.tsx'
import { megabytesText } from '#ui/short-text.ts'
import { text } from '#ui/texts.ts'

/** The small meter: bytes verified, hosts that sent them, PTI signed for. */
export function MeterBar({ meter }: { readonly meter: Meter | undefined }): ReactElement {
  const { verifiedBytes = 0, hosts = 0, paidWei = 0n } = meter ?? {}
  return (
    <p
      className="meter"
      role="status"
      aria-live="off"
      aria-label={text('meterLabel')}
      data-testid="meter"
      data-verified-bytes={verifiedBytes}
      data-paid-wei={paidWei.toString()}
      data-hosts={hosts}
    >
      <span>{text('meterVerified', megabytesText(verifiedBytes))}</span>
      <span>{hosts === 1 ? text('meterHost') : text('meterHosts', String(hosts))}</span>
      <Amount wei={paidWei} kind="spending" />
    </p>
  )
}
