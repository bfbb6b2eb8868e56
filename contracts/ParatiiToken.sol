// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC1363} from "@openzeppelin/contracts/token/ERC20/extensions/ERC1363.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC3009} from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC3009.sol";
import {IERC223Receiver} from "./interfaces/IERC223Receiver.sol";
import {CompactSignatures, Signature} from "./libraries/CompactSignatures.sol";

/// @title PTI, the token of Paratii
/// @notice ERC-20 with 18 decimals and a supply of 21,000,000 that nobody can change; permits (ERC-2612), transfers by
/// signature (ERC-3009), transfers that call their receiver (ERC-1363, ERC-223), and for each account whether it wants an
/// operator to act for it (`managed`), which ParatiiAvatar asks for each time.
/// @dev Nobody owns the contract. Its EIP-712 domain is {name "Paratii", version "1", chainId, this contract}.
contract ParatiiToken is ERC20, ERC20Permit, ERC1363, ERC3009 {
    using CompactSignatures for bytes32;

    bytes32 private constant _CREATE_VIEWER_TYPEHASH =
        keccak256("CreateViewer(address user,uint256 nonce,uint256 deadline)");
    bytes32 private constant _SET_MANAGED_TYPEHASH =
        keccak256("SetManaged(address user,bool managed,uint256 nonce,uint256 deadline)");

    mapping(address user => bool) private _managed;

    /// @notice `user` wants, or no longer wants, an operator to act for it.
    event ManagedSet(address indexed user, bool managed);

    /// @notice A new viewer owns no PTI.
    error ParatiiToken_OwnsTokens(address user);
    /// @notice The signature is not the user's.
    error ParatiiToken_BadSignature();
    /// @notice The signature's deadline has passed.
    error ParatiiToken_Expired(uint256 deadline);

    /// @param holder The account that receives the whole supply.
    constructor(address holder) ERC20("Paratii", "PTI") ERC20Permit("Paratii") {
        _mint(holder, 21_000_000 ether);
    }

    /// @notice Transfers, and tells a receiver that is a contract by its `tokenFallback`; one that refuses undoes the
    /// transfer.
    function transfer(address to, uint256 value, bytes calldata data) external returns (bool) {
        _transfer(msg.sender, to, value);
        if (to.code.length != 0) IERC223Receiver(to).tokenFallback(msg.sender, value, data);
        return true;
    }

    /// @notice Several transfers of the sender, all or none.
    /// @param payments Of each, receiver << 96 | value.
    function multiTransfer(uint256[] calldata payments) external returns (bool) {
        for (uint256 i; i < payments.length; ++i) {
            _transfer(msg.sender, address(uint160(payments[i] >> 96)), uint96(payments[i]));
        }
        return true;
    }

    /// @notice Makes an account that owns no PTI a managed one. Anybody may send it with the user's signature of
    /// CreateViewer with its next nonce.
    function createViewer(address user, uint256 deadline, Signature calldata signature) external {
        if (balanceOf(user) != 0) revert ParatiiToken_OwnsTokens(user);
        _check(user, keccak256(abi.encode(_CREATE_VIEWER_TYPEHASH, user, _useNonce(user), deadline)), deadline, signature);
        _setManaged(user, true);
    }

    /// @notice Sets whether an operator may act for the sender. Leaving ends every power of the operator at once.
    function setManaged(bool managed) external {
        _setManaged(msg.sender, managed);
    }

    /// @notice The same for `user`, who signed SetManaged with its next nonce.
    function setManagedBySignature(address user, bool managed, uint256 deadline, Signature calldata signature)
        external
    {
        bytes32 structHash = keccak256(abi.encode(_SET_MANAGED_TYPEHASH, user, managed, _useNonce(user), deadline));
        _check(user, structHash, deadline, signature);
        _setManaged(user, managed);
    }

    /// @notice Whether `user` wants an operator to act for it.
    function isManaged(address user) external view returns (bool) {
        return _managed[user];
    }

    function _setManaged(address user, bool managed) private {
        _managed[user] = managed;
        emit ManagedSet(user, managed);
    }

    function _check(address user, bytes32 structHash, uint256 deadline, Signature calldata signature) private view {
        if (block.timestamp > deadline) revert ParatiiToken_Expired(deadline);
        address signer = _hashTypedDataV4(structHash).recover(signature);
        if (signer == address(0) || signer != user) revert ParatiiToken_BadSignature();
    }
}
