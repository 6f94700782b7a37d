// A certificate for localhost, 127.0.0.1 and ::1, its key, and the authority that signed it, valid
// from 2020 to 2120. For tests only: the key is public by being here.
#pragma once

namespace gsttus::test {

// clang-format off
inline constexpr const char *kAuthorityPem =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBdDCCARugAwIBAgIBATAKBggqhkjOPQQDAjAhMR8wHQYDVQQDDBZnc3QtdHVz\n"
    "IHRlc3QgYXV0aG9yaXR5MCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAw\n"
    "WjAhMR8wHQYDVQQDDBZnc3QtdHVzIHRlc3QgYXV0aG9yaXR5MFkwEwYHKoZIzj0C\n"
    "AQYIKoZIzj0DAQcDQgAELd/fNYLwtEM5ofQFSDfQBu13BmXAUQoypLjoG0kzm/ZB\n"
    "kDYrmsgZTj5wvVke/XYtbQpYfhXXHcDxidxBCsVwfKNCMEAwDwYDVR0TAQH/BAUw\n"
    "AwEB/zAOBgNVHQ8BAf8EBAMCAgQwHQYDVR0OBBYEFB9x/tYKthKi2z5sK6eEBv+8\n"
    "vQjAMAoGCCqGSM49BAMCA0cAMEQCIEbXeXftxAQqzyPmJO8KoBq7LUT7lnZsxY8D\n"
    "OFl7Akm2AiAZ6P9SUxtzIhdlHw3tlSaNafAqvwdGc0IKmlfxRxqLrQ==\n"
    "-----END CERTIFICATE-----\n";

inline constexpr const char *kServerPem =
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBzjCCAXWgAwIBAgIBAjAKBggqhkjOPQQDAjAhMR8wHQYDVQQDDBZnc3QtdHVz\n"
    "IHRlc3QgYXV0aG9yaXR5MCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAwMDAw\n"
    "WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC\n"
    "AARdmLkCnnIAYytrUn4QJCPGKsTUwNzLB+P2u5loIDO1uaR6/zbdCKwCdNpy8T5O\n"
    "W7ozJSdtEruYhCEO/FRQlHXTo4GoMIGlMCwGA1UdEQQlMCOCCWxvY2FsaG9zdIcE\n"
    "fwAAAYcQAAAAAAAAAAAAAAAAAAAAATAJBgNVHRMEAjAAMAsGA1UdDwQEAwIHgDAd\n"
    "BgNVHSUEFjAUBggrBgEFBQcDAQYIKwYBBQUHAwIwHQYDVR0OBBYEFIAM9voZp2Db\n"
    "wvu9Cx6Fv3YU40omMB8GA1UdIwQYMBaAFB9x/tYKthKi2z5sK6eEBv+8vQjAMAoG\n"
    "CCqGSM49BAMCA0cAMEQCIGiNWitg/S7SWBEqgGigtZlba9e8cy8UjRQeUmvJV7Uq\n"
    "AiBfpVws1TGIEHfM6IJwRyjpq4Ih7hrieCn9KcQXeryPfA==\n"
    "-----END CERTIFICATE-----\n"
    "-----BEGIN PRIVATE KEY-----\n"
    "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgqmtY8YAwYMUjuSVJ\n"
    "9bX/9eH59423Ot2kRzU2B7PCIBihRANCAARdmLkCnnIAYytrUn4QJCPGKsTUwNzL\n"
    "B+P2u5loIDO1uaR6/zbdCKwCdNpy8T5OW7ozJSdtEruYhCEO/FRQlHXT\n"
    "-----END PRIVATE KEY-----\n";
// clang-format on

} // namespace gsttus::test
