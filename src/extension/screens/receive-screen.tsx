import type { ReactElement } from 'react'
import type { WalletState } from '#bridge/shapes.ts'
import { CopyButton } from '#ui/copy-button.tsx'
import { QrCode } from '#ui/qr-code.tsx'
import { text } from '#ui/texts.ts'
import { fundingLink } from './funding-link.ts'
import { Screen } from './screen.tsx'

type ReceiveProps = {
  readonly wallet: Exclude<WalletState, { status: 'absent' }>
  readonly back: () => void
}

export function ReceiveScreen({ wallet, back }: ReceiveProps): ReactElement {
  const { address, network } = wallet
  const { fundingUrl, name } = network
  return (
    <Screen title={text('receiveTitle')} back={back}>
      <p className="quiet">{text('receiveLead', name)}</p>
      <QrCode value={address} label={text('qrLabel')} />
      <code className="address" data-testid="address">
        {address}
      </code>
      <CopyButton value={address} label={text('copyAddress')} />
      {fundingUrl !== undefined && (
        <a href={fundingLink(fundingUrl, address)} target="_blank" rel="noreferrer">
          {text('getPti')}
        </a>
      )}
      <p className="quiet small">{text('noEtherNeeded')}</p>
    </Screen>
  )
}
