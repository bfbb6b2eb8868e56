// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ParatiiRegistry} from "./ParatiiRegistry.sol";
import {ParatiiToken} from "./ParatiiToken.sol";
import {Closing} from "./base/Closing.sol";
import {PurchaseBook} from "./base/PurchaseBook.sol";
import {Purchasing} from "./base/Purchasing.sol";
import {Settling} from "./base/Settling.sol";
import {IVideoTerms} from "./interfaces/IVideoTerms.sol";

/// @title Purchases of video: escrow, receipts, payouts
/// @notice A purchase is opened by the buyer's signed order and named by the hash of everything about it that never
/// changes (its nonce); it is one storage slot under that name. Hosts and owner are paid for the bytes that the
/// purchase's own key, the signer, has put in receipts; the rest of the escrow returns to the buyer.
/// @dev Nonce: keccak256(abi.encode(dealHash, signer, allotments)) with a pinned host (depth 0), with the buyer as a
/// fourth word otherwise. Receipts are checked by ecrecover against the signer, whatever code any address has.
contract VideoStore is Purchasing, Settling, Closing {
    /// @param token_ The token that is paid.
    /// @param videos_ Where terms of sale are looked up.
    /// @param registry_ Where the receiver of redistribution is looked up.
    /// @param period Seconds from a request to close to the end of the escrow.
    constructor(ParatiiToken token_, IVideoTerms videos_, ParatiiRegistry registry_, uint32 period)
        EIP712("Paratii", "1")
        PurchaseBook(token_, videos_, registry_, period)
    {}
}
