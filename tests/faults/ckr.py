"""What can go wrong with a call to a PKCS#11 module: the answers (CKR) that the standard lists for it
and modules give, and other ends. See forward.h for how they are written.
"""
import re

CODES = {
    "CANCEL": 0x01, "HOST_MEMORY": 0x02, "SLOT_ID_INVALID": 0x03, "GENERAL_ERROR": 0x05,
    "FUNCTION_FAILED": 0x06, "ARGUMENTS_BAD": 0x07, "CANT_LOCK": 0x0a,
    "ATTRIBUTE_READ_ONLY": 0x10, "ATTRIBUTE_SENSITIVE": 0x11, "ATTRIBUTE_TYPE_INVALID": 0x12,
    "ATTRIBUTE_VALUE_INVALID": 0x13, "ACTION_PROHIBITED": 0x1b, "DATA_INVALID": 0x20,
    "DATA_LEN_RANGE": 0x21, "DEVICE_ERROR": 0x30, "DEVICE_MEMORY": 0x31, "DEVICE_REMOVED": 0x32,
    "FUNCTION_CANCELED": 0x50, "FUNCTION_NOT_SUPPORTED": 0x54, "KEY_HANDLE_INVALID": 0x60,
    "KEY_SIZE_RANGE": 0x62, "KEY_TYPE_INCONSISTENT": 0x63, "KEY_FUNCTION_NOT_PERMITTED": 0x68,
    "KEY_NOT_WRAPPABLE": 0x69, "KEY_UNEXTRACTABLE": 0x6a, "MECHANISM_INVALID": 0x70,
    "MECHANISM_PARAM_INVALID": 0x71, "OBJECT_HANDLE_INVALID": 0x82, "OPERATION_ACTIVE": 0x90,
    "OPERATION_NOT_INITIALIZED": 0x91, "PIN_INCORRECT": 0xa0, "PIN_INVALID": 0xa1,
    "PIN_LEN_RANGE": 0xa2, "PIN_EXPIRED": 0xa3, "PIN_LOCKED": 0xa4, "SESSION_CLOSED": 0xb0,
    "SESSION_COUNT": 0xb1, "SESSION_HANDLE_INVALID": 0xb3, "SESSION_READ_ONLY": 0xb5,
    "SESSION_EXISTS": 0xb6, "SESSION_READ_ONLY_EXISTS": 0xb7, "SESSION_READ_WRITE_SO_EXISTS": 0xb8,
    "TEMPLATE_INCOMPLETE": 0xd0, "TEMPLATE_INCONSISTENT": 0xd1, "TOKEN_NOT_PRESENT": 0xe0,
    "TOKEN_NOT_RECOGNIZED": 0xe1, "TOKEN_WRITE_PROTECTED": 0xe2, "UNWRAPPING_KEY_HANDLE_INVALID": 0xf0,
    "UNWRAPPING_KEY_TYPE_INCONSISTENT": 0xf2, "USER_ALREADY_LOGGED_IN": 0x100,
    "USER_NOT_LOGGED_IN": 0x101, "USER_PIN_NOT_INITIALIZED": 0x102, "USER_TYPE_INVALID": 0x103,
    "USER_ANOTHER_ALREADY_LOGGED_IN": 0x104, "USER_TOO_MANY_TYPES": 0x105, "WRAPPED_KEY_INVALID": 0x110,
    "WRAPPED_KEY_LEN_RANGE": 0x112, "WRAPPING_KEY_HANDLE_INVALID": 0x113,
    "WRAPPING_KEY_TYPE_INCONSISTENT": 0x115, "RANDOM_NO_RNG": 0x121, "DOMAIN_PARAMS_INVALID": 0x130,
    "CURVE_NOT_SUPPORTED": 0x140, "BUFFER_TOO_SMALL": 0x150, "CRYPTOKI_NOT_INITIALIZED": 0x190,
    "CRYPTOKI_ALREADY_INITIALIZED": 0x191, "PIN_TOO_WEAK": 0x1ff, "FUNCTION_REJECTED": 0x200,
    "VENDOR": 0x80000001,
}
NAMES = {f"0x{code:x}": name for name, code in CODES.items()}

END = "die gone"
SESSION = "DEVICE_ERROR SESSION_HANDLE_INVALID"
LOST = "+DEVICE_ERROR +die +gone"  # it was done, and the answer did not arrive
PIN = "PIN_INCORRECT PIN_LOCKED PIN_EXPIRED PIN_LEN_RANGE PIN_INVALID"
TEMPLATE = ("ATTRIBUTE_READ_ONLY ATTRIBUTE_TYPE_INVALID ATTRIBUTE_VALUE_INVALID TEMPLATE_INCOMPLETE "
            "TEMPLATE_INCONSISTENT DOMAIN_PARAMS_INVALID CURVE_NOT_SUPPORTED")
WRITES = "DEVICE_MEMORY TOKEN_WRITE_PROTECTED SESSION_READ_ONLY USER_NOT_LOGGED_IN"

TABLE = {
    "C_Initialize": "ARGUMENTS_BAD CANT_LOCK CRYPTOKI_ALREADY_INITIALIZED GENERAL_ERROR HOST_MEMORY die",
    "C_Finalize": "GENERAL_ERROR die",
    "C_GetInfo": "GENERAL_ERROR FUNCTION_FAILED CRYPTOKI_NOT_INITIALIZED die",
    "C_GetSlotList": f"GENERAL_ERROR BUFFER_TOO_SMALL HOST_MEMORY FUNCTION_FAILED {END}",
    "C_GetSlotInfo": f"DEVICE_ERROR SLOT_ID_INVALID GENERAL_ERROR {END}",
    "C_GetTokenInfo": "DEVICE_ERROR DEVICE_REMOVED TOKEN_NOT_PRESENT TOKEN_NOT_RECOGNIZED "
                      f"SLOT_ID_INVALID HOST_MEMORY {END}",
    "C_GetMechanismList": f"BUFFER_TOO_SMALL DEVICE_ERROR TOKEN_NOT_PRESENT {END}",
    "C_GetMechanismInfo": f"MECHANISM_INVALID DEVICE_ERROR {END}",
    "C_GetSessionInfo": f"{SESSION} {END}",
    "C_InitToken": f"PIN_INCORRECT PIN_LOCKED PIN_INVALID PIN_LEN_RANGE SESSION_EXISTS DEVICE_ERROR "
                   f"TOKEN_WRITE_PROTECTED FUNCTION_NOT_SUPPORTED {END} {LOST}",
    "C_InitPIN": f"PIN_INVALID PIN_LEN_RANGE PIN_TOO_WEAK DEVICE_ERROR USER_NOT_LOGGED_IN {END} {LOST}",
    "C_SetPIN": f"{PIN} PIN_TOO_WEAK {SESSION} TOKEN_WRITE_PROTECTED {END} {LOST}",
    "C_OpenSession": "SESSION_COUNT SESSION_READ_WRITE_SO_EXISTS TOKEN_WRITE_PROTECTED DEVICE_ERROR "
                     f"DEVICE_REMOVED TOKEN_NOT_PRESENT TOKEN_NOT_RECOGNIZED GENERAL_ERROR {END}",
    "C_CloseSession": f"{SESSION} {END}",
    "C_Login": f"{PIN} USER_TYPE_INVALID USER_ANOTHER_ALREADY_LOGGED_IN USER_ALREADY_LOGGED_IN "
               "USER_PIN_NOT_INITIALIZED USER_TOO_MANY_TYPES FUNCTION_CANCELED FUNCTION_REJECTED "
               f"GENERAL_ERROR {SESSION} HOST_MEMORY VENDOR {END} +PIN_INCORRECT {LOST}",
    "C_Logout": f"{SESSION} USER_NOT_LOGGED_IN {END}",
    "C_FindObjectsInit": f"{SESSION} OPERATION_ACTIVE ATTRIBUTE_TYPE_INVALID GENERAL_ERROR {END}",
    "C_FindObjects": f"{SESSION} OPERATION_NOT_INITIALIZED HOST_MEMORY {END}",
    "C_FindObjectsFinal": f"{SESSION} OPERATION_NOT_INITIALIZED {END}",
    "C_GetAttributeValue": "ATTRIBUTE_SENSITIVE ATTRIBUTE_TYPE_INVALID BUFFER_TOO_SMALL "
                           f"OBJECT_HANDLE_INVALID GENERAL_ERROR {SESSION} {END}",
    "C_SetAttributeValue": f"ATTRIBUTE_READ_ONLY ACTION_PROHIBITED {WRITES} {SESSION} {END} {LOST}",
    "C_CreateObject": f"{TEMPLATE} {WRITES} KEY_SIZE_RANGE FUNCTION_NOT_SUPPORTED {SESSION} {END} {LOST}",
    "C_CopyObject": f"{TEMPLATE} {WRITES} ACTION_PROHIBITED {SESSION} {END} {LOST}",
    "C_DestroyObject": f"ACTION_PROHIBITED OBJECT_HANDLE_INVALID SESSION_READ_ONLY "
                       f"TOKEN_WRITE_PROTECTED FUNCTION_FAILED {SESSION} {END} {LOST}",
    "C_GenerateKey": f"{TEMPLATE} {WRITES} MECHANISM_INVALID KEY_SIZE_RANGE {SESSION} {END} {LOST}",
    "C_GenerateKeyPair": f"{TEMPLATE} {WRITES} MECHANISM_INVALID MECHANISM_PARAM_INVALID KEY_SIZE_RANGE "
                         f"FUNCTION_CANCELED FUNCTION_NOT_SUPPORTED GENERAL_ERROR {SESSION} {END} {LOST} "
                         "soft",
    "C_WrapKey": "KEY_HANDLE_INVALID KEY_NOT_WRAPPABLE KEY_UNEXTRACTABLE KEY_SIZE_RANGE BUFFER_TOO_SMALL "
                 f"MECHANISM_INVALID WRAPPING_KEY_HANDLE_INVALID {SESSION} {END}",
    "C_UnwrapKey": f"WRAPPED_KEY_INVALID WRAPPED_KEY_LEN_RANGE UNWRAPPING_KEY_HANDLE_INVALID {TEMPLATE} "
                   f"{WRITES} MECHANISM_INVALID {SESSION} {END} {LOST}",
    "C_DeriveKey": f"{TEMPLATE} MECHANISM_PARAM_INVALID KEY_TYPE_INCONSISTENT {SESSION} {END} {LOST}",
    "C_EncryptInit": f"MECHANISM_INVALID KEY_HANDLE_INVALID {SESSION} {END}",
    "C_Encrypt": f"DATA_LEN_RANGE BUFFER_TOO_SMALL {SESSION} {END}",
    "C_DecryptInit": f"MECHANISM_INVALID KEY_HANDLE_INVALID {SESSION} {END}",
    "C_Decrypt": f"DATA_LEN_RANGE BUFFER_TOO_SMALL {SESSION} {END}",
    "C_GenerateRandom": f"RANDOM_NO_RNG {SESSION} {END}",
    "C_SignInit": "KEY_HANDLE_INVALID KEY_FUNCTION_NOT_PERMITTED KEY_TYPE_INCONSISTENT KEY_SIZE_RANGE "
                  "MECHANISM_INVALID MECHANISM_PARAM_INVALID OPERATION_ACTIVE USER_NOT_LOGGED_IN "
                  f"PIN_EXPIRED GENERAL_ERROR {SESSION} {END}",
    "C_Sign": "DATA_INVALID DATA_LEN_RANGE BUFFER_TOO_SMALL FUNCTION_CANCELED FUNCTION_REJECTED "
              "OPERATION_NOT_INITIALIZED USER_NOT_LOGGED_IN DEVICE_MEMORY GENERAL_ERROR VENDOR "
              f"{SESSION} {END} {LOST} corrupt truncate",
}
PIN_INCORRECT = "0xa0"

# Codes of the program's own kind: no memory (unless it is another token that has none), and a person
# who said no. The rest is the token's.
STATUS = {"HOST_MEMORY": (1, 4), "CANCEL": (2,), "FUNCTION_REJECTED": (2,)}

# What a person reads in the place of a code.
TOLD = {
    "die": "ended in the middle of its work|the worker of module '[^']*' is gone",
    "stop": "did not answer within|the worker of module '[^']*' is gone",
    "gone": "CKR_DEVICE_REMOVED|CKR_TOKEN_NOT_PRESENT|no token fits",
    "corrupt": "does not verify",
    "truncate": r"a signature of \d+ bytes where|does not verify",
    "soft": "is not sensitive|is extractable|could be read out",
    "PIN_INCORRECT": "PIN is wrong",
    "PIN_LOCKED": "PIN is locked",
    "VENDOR": "0x80000001",
}
# Where a module says that it cannot tell, or has told wrongly before: what becomes of it.
UNSEEN = ("fits the URI|is of a kind that is not known|says that it did it, and did not|"
          "does not show|still there|shows other keys")
FOLLOWS = {
    ("C_Initialize", "CRYPTOKI_ALREADY_INITIALIZED"): "CKR_CRYPTOKI_NOT_INITIALIZED",
    ("C_Login", "USER_ALREADY_LOGGED_IN"): f"{UNSEEN}|CKR_USER_NOT_LOGGED_IN",
    ("C_Login", "USER_TYPE_INVALID"): "no such way to a new PIN",
    ("C_DestroyObject", "OBJECT_HANDLE_INVALID"): UNSEEN,
    **{(function, name): "another token (is|came) in" for name in (*CODES, "gone")
       for function in ("C_GetTokenInfo", "C_GetSlotInfo")},
    **{("C_FindObjectsFinal", name): "CKR_OPERATION_ACTIVE" for name in CODES},
    **{("C_GetAttributeValue", name): UNSEEN for name in
       ("ATTRIBUTE_SENSITIVE", "ATTRIBUTE_TYPE_INVALID", "BUFFER_TOO_SMALL", "OBJECT_HANDLE_INVALID",
        "DEVICE_ERROR", "GENERAL_ERROR")},
}


def fault_of(word):
    name = word.lstrip("+")
    return word.replace(name, f"0x{CODES[name]:x}") if name in CODES else word


def faults(function):
    return [fault_of(word) for word in TABLE[function].split()]


def name(fault):
    """As a person reads it."""
    bare = fault.lstrip("+")
    return ("done, then " if fault != bare else "") + NAMES.get(bare, bare)


def statuses(function, fault):
    """What the exit status of a command that failed for it may be. A key that is not seen may be a
    question that nobody answers."""
    word = NAMES.get(fault.lstrip("+"))
    return STATUS.get(word, (4,)) + ((2,) if FOLLOWS.get((function, word)) == UNSEEN else ())


def told(function, fault):
    """A pattern for the cause in the error."""
    word = NAMES.get(fault.lstrip("+"), fault.lstrip("+"))
    code = f"CKR_{word}|CKR 0x{CODES[word]:x}\\b" if word in CODES else "(?!)"
    follows = FOLLOWS.get((function, word), "(?!)")
    return f"{TOLD.get(word, code)}|{follows}"
