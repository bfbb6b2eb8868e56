// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC1363Receiver} from "@openzeppelin/contracts/interfaces/IERC1363Receiver.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {IERC223Receiver} from "../interfaces/IERC223Receiver.sol";
import {Allotments} from "../libraries/Allotments.sol";
import {CompactSignatures, Signature} from "../libraries/CompactSignatures.sol";
import {Deal, Deals, Terms} from "../libraries/Deals.sol";
import {PurchaseWords} from "../libraries/PurchaseWord.sol";
import {SignedStructs} from "../libraries/SignedStructs.sol";
import {PurchaseBook} from "./PurchaseBook.sol";

/// @title Opening purchases
abstract contract Purchasing is PurchaseBook, IERC1363Receiver, IERC223Receiver {
    using SafeERC20 for IERC20;
    using CompactSignatures for bytes32;

    uint256 private constant _MAX_TTL = 30 days;
    uint256 private constant _MAX_DEPTH = 32;
    /// @dev Of the data that tokens come with: an order and the node key's signature, ABI encoded.
    uint256 private constant _ORDER_BYTES = 20 * 32;

    /// @notice Opens a purchase and takes escrow and relay fee from the buyer's allowance. Anybody may send it.
    /// @param node The purchase's key over NodeKey; its address becomes the signer.
    /// @param wallet The buyer over Order, by key or by ERC-1271.
    /// @return nonce The purchase's name.
    function purchase(Order calldata order, Signature calldata node, Signature calldata wallet)
        external
        returns (bytes32 nonce)
    {
        bytes32 digest;
        (nonce, digest) = _open(order, node, _termsOf(order));
        _takeAllowance(order, digest, wallet);
    }

    /// @notice Opens a purchase and takes escrow and relay fee by ERC-3009. Anybody may send it.
    /// @param node The purchase's key over NodeKey; its address becomes the signer.
    /// @param wallet The buyer over the token's ReceiveWithAuthorization of escrow plus relay fee to this contract,
    /// validAfter 0, validBefore the order's validUntil, nonce the EIP-712 digest of the Order.
    /// @return nonce The purchase's name.
    function purchaseWithAuthorization(Order calldata order, Signature calldata node, Signature calldata wallet)
        external
        returns (bytes32 nonce)
    {
        bytes32 digest;
        (nonce, digest) = _open(order, node, _termsOf(order));
        _takeAuthorization(order, digest, wallet);
    }

    /// @notice Buys again what the buyer owns: hosts' fees only. The order's price is zero, all else of its terms is what
    /// the registry has.
    /// @param price The price that the registry has.
    /// @param prior The purchase by which the buyer owns the same content.
    /// @return nonce The purchase's name.
    function purchaseAgain(
        Order calldata order,
        uint96 price,
        Prior calldata prior,
        Signature calldata node,
        Signature calldata wallet
    ) external returns (bytes32 nonce) {
        bytes32 digest;
        (nonce, digest) = _openAgain(order, price, prior, node);
        _takeAllowance(order, digest, wallet);
    }

    /// @notice The same by ERC-3009.
    /// @return nonce The purchase's name.
    function purchaseAgainWithAuthorization(
        Order calldata order,
        uint96 price,
        Prior calldata prior,
        Signature calldata node,
        Signature calldata wallet
    ) external returns (bytes32 nonce) {
        bytes32 digest;
        (nonce, digest) = _openAgain(order, price, prior, node);
        _takeAuthorization(order, digest, wallet);
    }

    /// @inheritdoc IERC1363Receiver
    /// @dev `data` is abi.encode(order, node). The token vouches for the buyer, who sent exactly escrow and relay fee.
    function onTransferReceived(address operator, address from, uint256 value, bytes calldata data)
        external
        returns (bytes4)
    {
        _received(operator, from, value, data);
        return IERC1363Receiver.onTransferReceived.selector;
    }

    /// @inheritdoc IERC223Receiver
    /// @dev `data` as for onTransferReceived.
    function tokenFallback(address from, uint256 value, bytes calldata data) external {
        _received(from, from, value, data);
    }

    function _received(address operator, address from, uint256 value, bytes calldata data) private {
        if (msg.sender != address(token)) revert VideoStore_NotAllowed();
        if (data.length != _ORDER_BYTES) revert VideoStore_BadData();
        Order calldata order;
        Signature calldata node;
        assembly ("memory-safe") {
            order := data.offset
            node := add(data.offset, 0x240)
        }
        if (from != order.buyer || value != _total(order)) revert VideoStore_BadData();
        _open(order, node, _termsOf(order));
        _pay(operator, order.relayFee);
    }

    function _openAgain(Order calldata order, uint96 price, Prior calldata prior, Signature calldata node)
        private
        returns (bytes32 nonce, bytes32 digest)
    {
        Terms memory sold = order.deal.terms;
        Terms calldata owned = prior.deal.terms;
        if (sold.price != 0) revert VideoStore_NotOwned();
        if (owned.id != sold.id || owned.format != sold.format || owned.root != sold.root) revert VideoStore_NotOwned();
        address named = prior.deal.depth == 0 ? address(0) : order.buyer;
        bytes32 earlier = nonceOf(hashDeal(prior.deal), prior.signer, prior.allotments, named);
        if (!_owns(order.buyer, earlier, named, owned.size)) revert VideoStore_NotOwned();
        sold.price = price;
        _checkSold(sold.id, sold.format, Deals.hash(sold));
        (nonce, digest) = _open(order, node, Deals.hashCalldata(order.deal.terms));
        emit PurchasedAgain(nonce, earlier);
    }

    /// @dev The hash of an order's terms, on which its format is sold now.
    function _termsOf(Order calldata order) private view returns (bytes32 termsHash) {
        Terms calldata terms = order.deal.terms;
        termsHash = Deals.hashCalldata(terms);
        _checkSold(terms.id, terms.format, termsHash);
    }

    function _checkSold(bytes32 id, bytes32 format, bytes32 termsHash) private view {
        if (videos.termsHash(id, format) != termsHash) revert VideoStore_TermsChanged(id, format);
    }

    /// @dev Checks all of an order but its terms and the wallet's consent, and writes the purchase.
    function _open(Order calldata order, Signature calldata node, bytes32 termsHash)
        private
        returns (bytes32 nonce, bytes32 digest)
    {
        Deal calldata deal = order.deal;
        uint32 ttl = deal.terms.ttl;
        uint8 depth = deal.depth;
        if (block.timestamp >= order.validUntil) revert VideoStore_OrderExpired(order.validUntil);
        if (ttl < 3 * PERIOD || ttl > _MAX_TTL) revert VideoStore_BadTtl(ttl);
        if (depth > _MAX_DEPTH || Allotments.sum(order.allotments) > deal.capacity) revert VideoStore_BadAllotments();
        address signer = _signerOf(order, node);
        digest = _hashTypedDataV4(SignedStructs.hashOrder(order, termsHash, CompactSignatures.hash(node)));
        address buyer = order.buyer;
        nonce = nonceOf(
            Deals.hash(termsHash, deal), signer, order.allotments, depth == 0 ? address(0) : buyer
        );
        if (PurchaseWords.load(nonce).exists()) revert VideoStore_Exists(nonce);
        uint256 end = block.timestamp + ttl;
        PurchaseWords.create(depth == 0 ? uint160(buyer) : 0, end, depth).store(nonce);
        _log(order, nonce, termsHash, signer, end);
    }

    function _signerOf(Order calldata order, Signature calldata node) private view returns (address signer) {
        Terms calldata terms = order.deal.terms;
        signer = _hashTypedDataV4(SignedStructs.hashNodeKey(terms.id, terms.format, order.buyer, order.salt))
            .recover(node);
        if (signer == address(0)) revert VideoStore_BadNodeSignature();
    }

    function _log(Order calldata order, bytes32 nonce, bytes32 termsHash, address signer, uint256 end) private {
        Deal calldata deal = order.deal;
        emit Purchased(
            nonce,
            order.buyer,
            deal.terms.id,
            termsHash,
            order.allotments,
            order.salt,
            signer,
            deal.affiliate,
            deal.capacity,
            deal.depth,
            uint40(end)
        );
    }

    function _takeAllowance(Order calldata order, bytes32 digest, Signature calldata wallet) private {
        address from = digest.recover(wallet);
        if (from == address(0) || from != order.buyer) {
            bytes memory signature = abi.encodePacked(wallet.r, wallet.vs);
            if (!SignatureChecker.isValidERC1271SignatureNow(order.buyer, digest, signature)) {
                revert VideoStore_BadWalletSignature();
            }
        }
        IERC20(token).safeTransferFrom(order.buyer, address(this), _total(order));
        _pay(msg.sender, order.relayFee);
    }

    function _takeAuthorization(Order calldata order, bytes32 digest, Signature calldata wallet) private {
        _receive(order.buyer, _total(order), order.validUntil, digest, wallet);
        _pay(msg.sender, order.relayFee);
    }

    /// @dev What an order takes from its buyer: less than 2^106.
    function _total(Order calldata order) private pure returns (uint256) {
        unchecked {
            return Deals.escrow(order.deal) + order.relayFee;
        }
    }
}
